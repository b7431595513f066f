#pragma once

#include <cstdint>
#include <string>

namespace digitry::test {

/// A hand-made safetensors file: the length of `header` (or another one), `header`, `data`.
inline std::string safetensors_bytes(const std::string& header, const std::string& data,
                                     std::uint64_t claimed_length) {
  std::string bytes;
  for (int shift = 0; shift < 64; shift += 8)
    bytes += static_cast<char>(claimed_length >> shift & 0xFF);
  return bytes + header + data;
}

inline std::string safetensors_bytes(const std::string& header, const std::string& data = "") {
  return safetensors_bytes(header, data, header.size());
}

}  // namespace digitry::test
