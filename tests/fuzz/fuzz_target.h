#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "digitry/base/error.h"

namespace digitry::fuzz {

/// Runs `parse` on a fuzzer's bytes. Error{kBadData} is the expected result for invalid bytes. Any
/// other exception, a failed `require` and every sanitizer report is a find.
template <typename Parse>
int run(const std::uint8_t* data, std::size_t size, const Parse& parse) {
  try {
    parse(std::string_view(reinterpret_cast<const char*>(data), size));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBadData) __builtin_trap();
  }
  return 0;
}

inline void require(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace digitry::fuzz
