#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/tensor/tensor.h"
#include "tests/support/errors.h"
#include "tests/support/temporary_folder.h"

namespace digitry::test {

namespace fs = std::filesystem;

using test::expect_error;
using test::TemporaryFolder;

/// Sets an environment variable (or unsets it, for null) for the duration of a test.
class ScopedEnvironment {
 public:
  ScopedEnvironment(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) {
      had_ = true;
      old_ = old;
    }
    put(value);
  }
  ~ScopedEnvironment() { put(had_ ? old_.c_str() : nullptr); }
  ScopedEnvironment(const ScopedEnvironment&) = delete;
  ScopedEnvironment& operator=(const ScopedEnvironment&) = delete;

 private:
  void put(const char* value) {
    if (value)
      ::setenv(name_, value, 1);
    else
      ::unsetenv(name_);
  }
  const char* name_;
  bool had_ = false;
  std::string old_;
};

inline void write_file(const fs::path& path, std::string_view bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string read_back(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::vector<std::string> names_in(const fs::path& folder) {
  return TemporaryFolder::names_in(folder);
}

/// A hand-made IDX file: 00 00 08 rank, extents, data.
inline std::string idx_bytes(std::initializer_list<std::uint32_t> extents, std::string_view payload,
                             char type = 8) {
  std::string bytes = {0, 0, type, static_cast<char>(extents.size())};
  for (const std::uint32_t extent : extents)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(extent >> shift & 0xff);
  return bytes + std::string(payload);
}

inline std::vector<std::uint8_t> values(const Tensor& tensor) {
  const auto span = tensor.as<std::uint8_t>();
  return {span.begin(), span.end()};
}

}  // namespace digitry::test
