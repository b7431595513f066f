# `cmake --build --preset tidy` runs clang-tidy over the library, the command and the tests, and checks
# that each file of the library, the command, the examples and the fuzzers compiles alone. Only what has changed, or includes a
# file that has, since it was last found clean is read again.
#
# clang-tidy reads the batches of the unity build: reading the system's headers once for many files
# makes it five times as fast. Compiling alone is what the unity build would otherwise hide.
# scripts/test installs the one in build/tools; another version has other checks.
find_program(DIGITRY_CLANG_TIDY clang-tidy PATHS ${PROJECT_SOURCE_DIR}/build/tools/bin NO_DEFAULT_PATH)

# digitry_unity_batches(OUT DIRECTORY): the batches of every target at and below the directory.
function(digitry_unity_batches out directory)
  set(batches)
  get_property(targets DIRECTORY ${directory} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(unity ${target} UNITY_BUILD)
    get_target_property(sources ${target} SOURCES)
    get_target_property(binary_dir ${target} BINARY_DIR)
    get_target_property(source_dir ${target} SOURCE_DIR)
    list(FILTER sources INCLUDE REGEX "\\.cpp$")
    set(groups)
    foreach(source IN LISTS sources)
      cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${source_dir})
      get_source_file_property(group ${source} TARGET_DIRECTORY ${target} UNITY_GROUP)
      if(NOT group)
        set(group 0)  # A target without groups is one batch.
      endif()
      list(APPEND groups ${group})
    endforeach()
    list(REMOVE_DUPLICATES groups)
    if(unity)
      foreach(group IN LISTS groups)
        list(APPEND batches ${binary_dir}/CMakeFiles/${target}.dir/Unity/unity_${group}_cxx.cxx)
      endforeach()
    endif()
  endforeach()
  get_property(subdirectories DIRECTORY ${directory} PROPERTY SUBDIRECTORIES)
  foreach(subdirectory IN LISTS subdirectories)
    digitry_unity_batches(below ${subdirectory})
    list(APPEND batches ${below})
  endforeach()
  set(${out} ${batches} PARENT_SCOPE)
endfunction()

# digitry_check(STAMP FILE COMMANDS...): a rule that runs the commands on the file, and again once the file
# or one of this tree that it includes has changed, as STAMP.d lists them: one of the commands writes that.
function(digitry_check stamp file)
  cmake_path(GET stamp PARENT_PATH folder)
  file(MAKE_DIRECTORY ${folder})
  cmake_path(RELATIVE_PATH stamp BASE_DIRECTORY ${PROJECT_BINARY_DIR} OUTPUT_VARIABLE name)
  add_custom_command(
    OUTPUT ${stamp} ${ARGN}
    COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
    DEPENDS ${file} ${PROJECT_SOURCE_DIR}/.clang-tidy DEPFILE ${stamp}.d
    COMMENT ${name} VERBATIM COMMAND_EXPAND_LISTS)
  set(stamps ${stamps} ${stamp} PARENT_SCOPE)
endfunction()

function(digitry_add_tidy_target)
  set(digitry_flags -std=c++20 -fopenmp -w)
  set(targets ${DIGITRY_COMPONENTS} app)
  list(TRANSFORM targets PREPEND digitry_)
  foreach(target IN LISTS targets ITEMS digitry digitry_non_numeric)
    list(APPEND digitry_flags "-I$<JOIN:$<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>,$<SEMICOLON>-I>")
  endforeach()
  foreach(target digitry_non_numeric digitry_app)
    list(APPEND digitry_flags "-D$<JOIN:$<TARGET_PROPERTY:${target},COMPILE_DEFINITIONS>,$<SEMICOLON>-D>")
  endforeach()
  # The compiler's own <omp.h>, without its other headers, which are not for clang.
  set(omp_folder ${PROJECT_BINARY_DIR}/omp)
  find_path(DIGITRY_OMP_INCLUDE_DIR omp.h PATHS ${CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES} REQUIRED)
  file(COPY ${DIGITRY_OMP_INCLUDE_DIR}/omp.h DESTINATION ${omp_folder})
  set(stamps)

  foreach(folder digitry apps/digitry tests)
    digitry_unity_batches(batches ${PROJECT_SOURCE_DIR}/${folder})
    foreach(batch IN LISTS batches)
      cmake_path(RELATIVE_PATH batch BASE_DIRECTORY ${PROJECT_BINARY_DIR} OUTPUT_VARIABLE name)
      set(stamp ${PROJECT_BINARY_DIR}/tidy/${name}.clean)
      digitry_check(${stamp} ${batch}
        COMMAND ${DIGITRY_CLANG_TIDY} --quiet -p ${PROJECT_BINARY_DIR}
          --config-file=${PROJECT_SOURCE_DIR}/.clang-tidy --checks=-bugprone-suspicious-include --extra-arg=-isystem${omp_folder} ${batch}
        COMMAND ${CMAKE_CXX_COMPILER} ${digitry_flags} -MM -MG -MT ${stamp} -MF ${stamp}.d ${batch})
    endforeach()
  endforeach()

  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
    ${PROJECT_SOURCE_DIR}/digitry/*.cpp ${PROJECT_SOURCE_DIR}/digitry/*.h
    ${PROJECT_SOURCE_DIR}/apps/*.cpp ${PROJECT_SOURCE_DIR}/examples/*.cpp ${PROJECT_SOURCE_DIR}/tests/fuzz/*.cpp)
  foreach(file IN LISTS files)
    # A header is the first thing that its source file includes.
    string(REGEX REPLACE "\\.h$" ".cpp" source ${file})
    if(file MATCHES "\\.h$" AND EXISTS ${PROJECT_SOURCE_DIR}/${source})
      continue()
    endif()
    set(stamp ${PROJECT_BINARY_DIR}/alone/${file}.compiles)
    digitry_check(${stamp} ${PROJECT_SOURCE_DIR}/${file}
      COMMAND ${CMAKE_CXX_COMPILER} ${digitry_flags} -fsyntax-only -MMD -MT ${stamp} -MF ${stamp}.d
        -x c++ ${PROJECT_SOURCE_DIR}/${file})
  endforeach()

  add_custom_target(tidy DEPENDS ${stamps})
endfunction()

# Once every folder has said what it holds.
if(DIGITRY_CLANG_TIDY AND CMAKE_EXPORT_COMPILE_COMMANDS AND PROJECT_IS_TOP_LEVEL)
  cmake_language(DEFER DIRECTORY ${PROJECT_SOURCE_DIR} CALL digitry_add_tidy_target)
endif()
