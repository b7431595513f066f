# `cmake --install` puts the library, its headers, CMake package and pkg-config files, the command with its shell
# completion, pages of the manual and systemd unit, and the recipes under the prefix. Everything but the unit can be
# moved elsewhere afterwards. Components: command, server, development; license, which Debian's packages have otherwise.
include(CMakePackageConfigHelpers)
include(DigitryLinked)

set(DIGITRY_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/digitry)
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME development)

install(TARGETS digitry EXPORT digitry-targets FILE_SET HEADERS)
install(EXPORT digitry-targets NAMESPACE digitry:: DESTINATION ${DIGITRY_PACKAGE_DIR})
digitry_pkg_config(digitry digitry)
foreach(component IN LISTS DIGITRY_COMPONENTS)
  install(TARGETS digitry_${component} EXPORT digitry-${component}-targets FILE_SET HEADERS)
  install(EXPORT digitry-${component}-targets NAMESPACE digitry:: DESTINATION ${DIGITRY_PACKAGE_DIR})
  digitry_pkg_config(digitry_${component} digitry-${component})
endforeach()
if("vision" IN_LIST DIGITRY_COMPONENTS)
  install(FILES ${CMAKE_CURRENT_LIST_DIR}/FindDigitryOpenCV.cmake
                ${CMAKE_CURRENT_LIST_DIR}/FindDigitryWebP.cmake DESTINATION ${DIGITRY_PACKAGE_DIR})
endif()

get_target_property(DIGITRY_LIBRARY_TYPE digitry TYPE)
configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/digitry-config.cmake.in ${PROJECT_BINARY_DIR}/digitry-config.cmake
  INSTALL_DESTINATION ${DIGITRY_PACKAGE_DIR})
# Before 1.0 a minor version may break its users.
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/digitry-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/digitry-config.cmake
              ${PROJECT_BINARY_DIR}/digitry-config-version.cmake
        DESTINATION ${DIGITRY_PACKAGE_DIR})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT license)

if(DIGITRY_BUILD_APP)
  set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME command)
  install(TARGETS digitry_command)
  if(TARGET digitry_mpi_module)
    install(TARGETS digitry_mpi_module LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/digitry)
  endif()
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/recipes/
          DESTINATION ${CMAKE_INSTALL_DATADIR}/digitry/recipes FILES_MATCHING PATTERN "*.toml")
  # The unit names the command by its path, which is known when it is installed.
  install(CODE "set(digitry_command \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/digitry\")
set(digitry_sysconfdir \"${CMAKE_INSTALL_FULL_SYSCONFDIR}\")
set(digitry_unit \"\${CMAKE_INSTALL_PREFIX}/lib/systemd/system/digitry-server.service\")
message(STATUS \"Installing: \$ENV{DESTDIR}\${digitry_unit}\")
configure_file(\"${PROJECT_SOURCE_DIR}/packaging/systemd/digitry-server.service.in\" \"\$ENV{DESTDIR}\${digitry_unit}\" @ONLY)
list(APPEND CMAKE_INSTALL_MANIFEST_FILES \"\${digitry_unit}\")"
    COMPONENT server)
  if(NOT CMAKE_CROSSCOMPILING)
    set(completions ${PROJECT_BINARY_DIR}/completions)
    set(manual ${PROJECT_BINARY_DIR}/man)
    add_custom_command(
      OUTPUT ${completions}/bash ${completions}/zsh ${completions}/fish ${manual}/digitry.1
      COMMAND ${CMAKE_COMMAND} -E make_directory ${completions}
      COMMAND digitry_command completion bash > ${completions}/bash
      COMMAND digitry_command completion zsh > ${completions}/zsh
      COMMAND digitry_command completion fish > ${completions}/fish
      COMMAND ${CMAKE_COMMAND} -E rm -rf ${manual}
      COMMAND digitry_command man ${manual}
      DEPENDS digitry_command VERBATIM)
    add_custom_target(digitry_completions ALL
      DEPENDS ${completions}/bash ${completions}/zsh ${completions}/fish ${manual}/digitry.1)
    install(FILES ${completions}/bash RENAME digitry
            DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
    install(FILES ${completions}/zsh RENAME _digitry
            DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
    install(FILES ${completions}/fish RENAME digitry.fish
            DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
    install(DIRECTORY ${manual}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")
  endif()
endif()
unset(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME)
