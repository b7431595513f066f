# A user's configure works with GoogleTest alone (Debian packages GoogleMock apart), and with neither; a
# developer's names the packages that are missing.

# A GoogleTest as Debian's libgtest-dev installs it, without GoogleMock.
file(REMOVE_RECURSE ${SCRATCH})
file(WRITE ${SCRATCH}/gtest/GTestConfig.cmake
     "add_library(GTest::gtest INTERFACE IMPORTED)\nadd_library(GTest::gtest_main INTERFACE IMPORTED)\n")

# configure(EXPECTED OPTIONS...): EXPECTED is what the output has to match, or OK.
function(configure expected)
  execute_process(COMMAND ${CMAKE_COMMAND} --fresh -G ${GENERATOR} -S ${SOURCE} -B ${SCRATCH}/build ${ARGN}
                  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  if(expected STREQUAL "OK")
    if(NOT status EQUAL 0)
      message(FATAL_ERROR "cmake ${ARGN}: expected success, got: ${output}")
    endif()
  elseif(status EQUAL 0 OR NOT output MATCHES "${expected}")
    message(FATAL_ERROR "cmake ${ARGN}: expected an error with '${expected}', got status ${status}: ${output}")
  endif()
endfunction()

set(no_mock -DGTest_DIR=${SCRATCH}/gtest)
set(no_tests -DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON -DCMAKE_DISABLE_FIND_PACKAGE_benchmark=ON)
configure(OK ${no_mock})
configure(OK ${no_tests})
configure("apt-get install libgtest-dev libgmock-dev" -DBUILD_TESTING=ON ${no_mock})
configure("apt-get install libgtest-dev libgmock-dev" -DBUILD_TESTING=ON ${no_tests})
configure("the command needs the component report" -DDIGITRY_COMPONENTS=serving ${no_tests})
configure("expected some of" -DDIGITRY_COMPONENTS=web ${no_tests})
configure(OK -DDIGITRY_COMPONENTS= -DDIGITRY_BUILD_APP=OFF -DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON ${no_tests})
configure("apt-get install libbenchmark-dev" -DDIGITRY_BUILD_BENCHMARKS=ON ${no_tests})
