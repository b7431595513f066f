# digitry_embed(target NAME FILE): makes FILE's bytes available to `target` as
#   std::string_view digitry::embedded::NAME()
# declared in "digitry_embedded/NAME.h". Text files only (a raw string literal, cut in pieces that
# stay under the compilers' limit).
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
