# `cmake --build --preset tidy` runs clang-tidy over every source file of the tree.
find_program(DIGITRY_CLANG_TIDY NAMES clang-tidy-14 clang-tidy)
find_program(DIGITRY_RUN_CLANG_TIDY NAMES run-clang-tidy-14 run-clang-tidy)
if(DIGITRY_RUN_CLANG_TIDY AND CMAKE_EXPORT_COMPILE_COMMANDS)
  add_custom_target(tidy
    COMMAND ${DIGITRY_RUN_CLANG_TIDY} -quiet -p ${CMAKE_BINARY_DIR}
            -clang-tidy-binary ${DIGITRY_CLANG_TIDY}
            "^${PROJECT_SOURCE_DIR}/(digitry|apps|tests|bench)/.*\\.cpp$"
    COMMENT "clang-tidy" VERBATIM USES_TERMINAL)
endif()
