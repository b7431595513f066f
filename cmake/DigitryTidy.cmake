# `cmake --build --preset tidy` runs clang-tidy over every source file of the library and the command that
# has changed, or that includes a file that has, since it was last found clean. The tests are left out
# for time: they are two thirds of the tree.
find_program(DIGITRY_CLANG_TIDY NAMES clang-tidy-14 clang-tidy)

function(digitry_add_tidy_target)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
    ${PROJECT_SOURCE_DIR}/digitry/*.cpp ${PROJECT_SOURCE_DIR}/apps/*.cpp)
  # clang brings no omp.h of its own; GCC's, but no other header of GCC's, will do for reading.
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=include
                  OUTPUT_VARIABLE gcc_headers OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  get_property(generated GLOBAL PROPERTY DIGITRY_EMBEDDED_HEADERS)
  set(stamps)
  foreach(source IN LISTS sources)
    set(file ${PROJECT_SOURCE_DIR}/${source})
    set(stamp ${PROJECT_BINARY_DIR}/tidy/${source}.clean)
    get_filename_component(folder ${stamp} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    add_custom_command(
      OUTPUT ${stamp}
      COMMAND ${DIGITRY_CLANG_TIDY} --quiet -p ${PROJECT_BINARY_DIR}
              --extra-arg=-idirafter${gcc_headers} ${file}
      COMMAND ${CMAKE_CXX_COMPILER} -std=c++20 -fopenmp -I${PROJECT_SOURCE_DIR} -MM -MG
              -MT ${stamp} -MF ${stamp}.d ${file}
      COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
      DEPENDS ${file} ${PROJECT_SOURCE_DIR}/.clang-tidy ${generated} DEPFILE ${stamp}.d
      COMMENT "clang-tidy ${source}" VERBATIM)
    list(APPEND stamps ${stamp})
  endforeach()
  add_custom_target(tidy DEPENDS ${stamps})
endfunction()

# Once every folder has said what it embeds.
if(DIGITRY_CLANG_TIDY AND CMAKE_EXPORT_COMPILE_COMMANDS AND PROJECT_IS_TOP_LEVEL)
  cmake_language(DEFER DIRECTORY ${PROJECT_SOURCE_DIR} CALL digitry_add_tidy_target)
endif()
