file(READ ${INPUT} hex HEX)
string(LENGTH "${hex}" hex_length)
math(EXPR bytes "${hex_length} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," array "${hex}")
file(WRITE ${OUTPUT}
"#pragma once
#include <string_view>
namespace digitry::embedded {
inline std::string_view ${NAME}() {
  static constexpr char kBytes[] = {${array}'\\0'};
  return {kBytes, ${bytes}};
}
}  // namespace digitry::embedded
")
