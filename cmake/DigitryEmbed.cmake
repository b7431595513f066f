# digitry_embed(target NAME FILE): makes FILE's bytes available to `target` as
#   std::string_view digitry::embedded::NAME()
# declared in "digitry_embedded/NAME.h". A megabyte takes the compiler three seconds.
function(digitry_embed target name file)
  set(header ${CMAKE_CURRENT_BINARY_DIR}/embedded/digitry_embedded/${name}.h)
  add_custom_command(
    OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DINPUT=${file} -DOUTPUT=${header}
            -P ${PROJECT_SOURCE_DIR}/cmake/embed_text.cmake
    DEPENDS ${file} ${PROJECT_SOURCE_DIR}/cmake/embed_text.cmake
    VERBATIM)
  # A target of its own, as the rule above is not seen from the folder that made `target`.
  add_custom_target(${target}_embed_${name} DEPENDS ${header})
  add_dependencies(${target} ${target}_embed_${name})
  set_property(GLOBAL APPEND PROPERTY DIGITRY_EMBEDDED_HEADERS ${target}_embed_${name})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/embedded)
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
