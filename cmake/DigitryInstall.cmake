# `cmake --install` puts the library, its headers and CMake package, the command with its shell
# completion, and the recipes under the prefix. Everything can be moved elsewhere afterwards.
include(CMakePackageConfigHelpers)

set(DIGITRY_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/digitry)

install(TARGETS digitry EXPORT digitry-targets FILE_SET HEADERS)
install(EXPORT digitry-targets NAMESPACE digitry:: DESTINATION ${DIGITRY_PACKAGE_DIR})
foreach(component IN LISTS DIGITRY_COMPONENTS)
  install(TARGETS digitry_${component} EXPORT digitry-${component}-targets FILE_SET HEADERS)
  install(EXPORT digitry-${component}-targets NAMESPACE digitry:: DESTINATION ${DIGITRY_PACKAGE_DIR})
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

if(EXISTS ${PROJECT_SOURCE_DIR}/recipes)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/recipes/
          DESTINATION ${CMAKE_INSTALL_DATADIR}/digitry/recipes FILES_MATCHING PATTERN "*.toml")
endif()
if(EXISTS ${PROJECT_SOURCE_DIR}/LICENSE)
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
endif()

if(DIGITRY_BUILD_APP)
  install(TARGETS digitry_command)
  if(NOT CMAKE_CROSSCOMPILING)
    set(completions ${PROJECT_BINARY_DIR}/completions)
    add_custom_command(
      OUTPUT ${completions}/bash ${completions}/zsh ${completions}/fish
      COMMAND ${CMAKE_COMMAND} -E make_directory ${completions}
      COMMAND digitry_command completion bash > ${completions}/bash
      COMMAND digitry_command completion zsh > ${completions}/zsh
      COMMAND digitry_command completion fish > ${completions}/fish
      DEPENDS digitry_command VERBATIM)
    add_custom_target(digitry_completions ALL
      DEPENDS ${completions}/bash ${completions}/zsh ${completions}/fish)
    install(FILES ${completions}/bash RENAME digitry
            DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
    install(FILES ${completions}/zsh RENAME _digitry
            DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
    install(FILES ${completions}/fish RENAME digitry.fish
            DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
  endif()
endif()
