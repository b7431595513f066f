# Options of every target of this tree; not passed on to users of the installed library.
add_library(digitry_compile_options INTERFACE)
# Nobody here reads errno or floating-point flags after arithmetic; without these two, loops with a
# square root or a comparison do not vectorise.
target_compile_options(digitry_compile_options INTERFACE -fno-math-errno -fno-trapping-math)
target_compile_options(digitry_compile_options INTERFACE -Wall -Wextra -Wconversion -Wshadow)
if(DIGITRY_SANITIZE)
  target_compile_options(digitry_compile_options INTERFACE
    -fsanitize=${DIGITRY_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(digitry_compile_options INTERFACE -fsanitize=${DIGITRY_SANITIZE})
  if(DIGITRY_SANITIZE MATCHES "undefined")
    target_compile_options(digitry_compile_options INTERFACE -fno-sanitize-recover=undefined)
  endif()
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # clang's pass that rewrites OpenMP regions takes a third of a build's time, and finds nothing here.
  target_compile_options(digitry_compile_options INTERFACE "SHELL:-mllvm -openmp-opt-disable")
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 warns of "literal" + std::string, wrongly (its bugs 105651, 105329).
  target_compile_options(digitry_compile_options INTERFACE -Wno-restrict -Wno-stringop-overflow)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # A unit of a whole folder needs 0.6 to 1.2 GB. GCC starts to look for garbage at 0.13 GB; later, a build takes a
  # twelfth less time and 0.3 GB more for each unit at work.
  target_compile_options(digitry_compile_options INTERFACE --param=ggc-min-heapsize=700000)
endif()
