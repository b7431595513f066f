function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE ${SCRATCH})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${SCRATCH}/first)
# The unit names the command where it was installed. systemd itself looks it over, where there is one.
file(READ ${SCRATCH}/first/lib/systemd/system/digitry-server.service unit)
if(NOT unit MATCHES "\nExecStart=${SCRATCH}/first/bin/digitry serve ")
  message(FATAL_ERROR "expected the unit to start ${SCRATCH}/first/bin/digitry serve, got ${unit}")
endif()
find_program(SYSTEMD_ANALYZE systemd-analyze)
if(SYSTEMD_ANALYZE)
  execute_process(COMMAND ${SYSTEMD_ANALYZE} verify --man=no ${SCRATCH}/first/lib/systemd/system/digitry-server.service
                  RESULT_VARIABLE status ERROR_VARIABLE complaints)
  if(NOT status EQUAL 0 OR complaints MATCHES "digitry-server")
    message(FATAL_ERROR "systemd-analyze verify: ${complaints}")
  endif()
endif()
# A package that can be moved keeps no absolute path of its own.
file(RENAME ${SCRATCH}/first ${SCRATCH}/prefix)

run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${SOURCE} -B ${SCRATCH}/build
    -DCMAKE_PREFIX_PATH=${SCRATCH}/prefix -DWANT_VERSION=${VERSION})
run(${CMAKE_COMMAND} --build ${SCRATCH}/build)
run(${SCRATCH}/build/consumer)
run(${SCRATCH}/build/trainer)
run(${SCRATCH}/build/reader)
run(${SCRATCH}/build/components)

run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${EXAMPLES} -B ${SCRATCH}/examples -DCMAKE_PREFIX_PATH=${SCRATCH}/prefix)
run(${CMAKE_COMMAND} --build ${SCRATCH}/examples)

# By pkg-config, as programs are built that know no CMake.
function(build_with_pkg_config program modules)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${SCRATCH}/prefix/${LIBDIR}/pkgconfig
                          pkg-config --cflags --libs ${modules}
                  OUTPUT_VARIABLE flags COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags UNIX_COMMAND "${flags}")
  run(${COMPILER} -std=c++20 ${SOURCE}/${program}.cpp -o ${SCRATCH}/build/${program}-pc ${flags})
  run(${CMAKE_COMMAND} -E chdir ${SCRATCH}/build ${SCRATCH}/build/${program}-pc)
endfunction()
build_with_pkg_config(trainer digitry)
if(EXISTS ${SCRATCH}/prefix/bin/digitry)
  build_with_pkg_config(reader digitry-vision)
  build_with_pkg_config(components "digitry-fetch;digitry-interchange;digitry-report;digitry-serving;digitry-tuning")
endif()

file(GLOB headers RELATIVE ${SCRATCH}/prefix ${SCRATCH}/prefix/include/digitry/base/error.h)
if(NOT headers)
  message(FATAL_ERROR "not installed: include/digitry/base/error.h")
endif()

# Neither sources nor the build folder are named in what people read or other programs parse.
file(GLOB_RECURSE texts ${SCRATCH}/prefix/*.cmake ${SCRATCH}/prefix/*.pc ${SCRATCH}/prefix/share/*)
foreach(file IN LISTS texts)
  file(STRINGS ${file} lines REGEX "(${BUILD}|${SOURCE})" LIMIT_COUNT 1)
  if(lines)
    message(FATAL_ERROR "${file} names a folder of the build: ${lines}")
  endif()
endforeach()

# The command, with a page of the manual and completion for each of its subcommands.
if(EXISTS ${SCRATCH}/prefix/bin/digitry)
  run(${SCRATCH}/prefix/bin/digitry --version)
  run(${SCRATCH}/prefix/bin/digitry man ${SCRATCH}/man)
  file(GLOB pages RELATIVE ${SCRATCH}/man ${SCRATCH}/man/*.1)
  file(GLOB installed RELATIVE ${SCRATCH}/prefix/share/man/man1 ${SCRATCH}/prefix/share/man/man1/*.1)
  if(NOT pages MATCHES "digitry-data-fetch" OR NOT pages STREQUAL installed)
    message(FATAL_ERROR "expected these pages of the manual: ${pages}; installed are: ${installed}")
  endif()
  foreach(shell bash-completion/completions/digitry zsh/site-functions/_digitry fish/vendor_completions.d/digitry.fish)
    file(READ ${SCRATCH}/prefix/share/${shell} script)
    foreach(page IN LISTS pages)
      string(REGEX REPLACE "^.*-|\\.1$" "" name ${page})
      if(NOT script MATCHES "${name}")
        message(FATAL_ERROR "share/${shell} does not complete ${name}")
      endif()
    endforeach()
  endforeach()
endif()
