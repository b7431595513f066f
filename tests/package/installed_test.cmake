function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE ${SCRATCH})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${SCRATCH}/first)
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

file(GLOB_RECURSE command ${SCRATCH}/prefix/bin/digitry)
if(command)
  run(${command} --version)
endif()
foreach(file share/bash-completion/completions/digitry include/digitry/base/error.h)
  if(NOT EXISTS ${SCRATCH}/prefix/${file})
    message(FATAL_ERROR "not installed: ${file}")
  endif()
endforeach()
