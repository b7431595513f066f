# Run by CPack on the staged files of each component before it makes packages of them: what Debian's policy asks for
# besides what `cmake --install` puts anywhere.
cmake_minimum_required(VERSION 3.25)
set(debian ${CPACK_DIGITRY_SOURCE}/packaging/debian)

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# The date of the release: scripts/package sets it to that of the commit.
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)

foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} upper)
  set(package ${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  set(root ${CPACK_TEMPORARY_DIRECTORY}/${component})
  set(doc ${root}/usr/share/doc/${package})

  configure_file(${debian}/copyright ${doc}/copyright COPYONLY)
  file(CONFIGURE OUTPUT ${doc}/changelog.Debian @ONLY CONTENT "digitry (@CPACK_DIGITRY_VERSION@) @CPACK_DIGITRY_SUITE@; urgency=medium

  * Packages of version @CPACK_PACKAGE_VERSION@, made by scripts/package.

 -- @CPACK_PACKAGE_CONTACT@  @date@
")
  configure_file(${CPACK_DIGITRY_SOURCE}/CHANGELOG.md ${doc}/changelog COPYONLY)
  if(EXISTS ${debian}/${package}.lintian-overrides)
    configure_file(${debian}/${package}.lintian-overrides ${root}/usr/share/lintian/overrides/${package} COPYONLY)
  endif()
  if(component STREQUAL "server")
    configure_file(${CPACK_DIGITRY_SOURCE}/packaging/systemd/digitry-server.default
                   ${root}/etc/default/digitry-server COPYONLY)
  endif()

  file(GLOB texts ${doc}/changelog* ${root}/usr/share/man/man1/*.1)
  file(GLOB_RECURSE stripped ${root}/*.a ${root}/usr/bin/*)
  run(gzip --best --no-name ${texts})
  if(stripped)  # CPack has stripped the programs, but for what names the compiler.
    run(strip --strip-debug --remove-section=.comment --enable-deterministic-archives ${stripped})
  endif()
  file(GLOB_RECURSE files LIST_DIRECTORIES true ${root}/*)
  foreach(file IN LISTS files)
    if(IS_DIRECTORY ${file} OR file MATCHES "/bin/[^/]*$")
      file(CHMOD ${file} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
    else()
      file(CHMOD ${file} PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
    endif()
  endforeach()
endforeach()
