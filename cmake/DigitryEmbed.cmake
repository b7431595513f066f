# digitry_embed(target NAME FILE): makes FILE's bytes available to `target` as
#   std::string_view digitry::embedded::NAME()
# declared in "digitry_embedded/NAME.h". The assembler copies them: no compiler reads a megabyte.
function(digitry_embed target name file)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  file(CONFIGURE OUTPUT ${folder}/${name}.S CONTENT [[
  .section .rodata
  .global digitry_embedded_@name@
  .hidden digitry_embedded_@name@
  .global digitry_embedded_@name@_end
  .hidden digitry_embedded_@name@_end
  .balign 16
digitry_embedded_@name@:
  .incbin "@file@"
digitry_embedded_@name@_end:
  .byte 0
  .section .note.GNU-stack,"",%progbits
]] @ONLY)
  file(CONFIGURE OUTPUT ${folder}/digitry_embedded/${name}.h CONTENT [[#pragma once
#include <string_view>
// NOLINTBEGIN(readability-identifier-naming): names of the assembler's.
extern "C" const char digitry_embedded_@name@[];
extern "C" const char digitry_embedded_@name@_end[];
// NOLINTEND(readability-identifier-naming)
namespace digitry::embedded {
inline std::string_view @name@() {
  return {digitry_embedded_@name@, digitry_embedded_@name@_end};
}
}  // namespace digitry::embedded
]] @ONLY)
  target_sources(${target} PRIVATE ${folder}/${name}.S)
  set_source_files_properties(${folder}/${name}.S TARGET_DIRECTORY ${target}
                              PROPERTIES OBJECT_DEPENDS ${file})
  target_include_directories(${target} PRIVATE ${folder})
endfunction()

# digitry_embed_table(target NAME FILES...): makes FILES' bytes available to `target` as
#   std::map<std::string, std::string_view> digitry::embedded::NAME()
# by their names without extension; declared in "digitry_embedded/NAME.h".
function(digitry_embed_table target table)
  set(includes "")
  set(entries "")
  foreach(file ${ARGN})
    cmake_path(GET file STEM name)
    string(MAKE_C_IDENTIFIER ${table}_${name} identifier)
    digitry_embed(${target} ${identifier} ${file})
    string(APPEND includes "#include \"digitry_embedded/${identifier}.h\"\n")
    string(APPEND entries "    {\"${name}\", ${identifier}()},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/embedded/digitry_embedded/${table}.h
       CONTENT [[#pragma once
#include <map>
#include <string>
#include <string_view>
@includes@
namespace digitry::embedded {
inline std::map<std::string, std::string_view> @table@() {
  return {
@entries@  };
}
}  // namespace digitry::embedded
]] @ONLY)
endfunction()
