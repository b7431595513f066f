#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "digitry/base/sha256.h"
#include "digitry/data/known_datasets.h"
#include "tests/data/test_files.h"

namespace digitry::test {

inline constexpr std::array<const char*, 4> kTinyNames = {
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte"};

/// A data set of a few bytes that tests fetch.
class TinyDataset {
 public:
  TinyDataset() {
    contents_ = {idx_bytes({2, 1, 2}, "abcd"), idx_bytes({2}, "\1\2"), idx_bytes({1, 1, 2}, "ef"),
                 idx_bytes({1}, "\1")};
    known.name = "tiny";
    for (std::size_t i = 0; i < contents_.size(); ++i) {
      hashes_[i] = sha256(contents_[i]);
      known.files[i] = {kTinyNames[i], hashes_[i], contents_[i].size()};
    }
  }
  TinyDataset(const TinyDataset&) = delete;
  TinyDataset& operator=(const TinyDataset&) = delete;

  const std::string& content(std::size_t i) const { return contents_[i]; }

  void write_to(const fs::path& folder) const {
    for (std::size_t i = 0; i < contents_.size(); ++i)
      write_file(folder / kTinyNames[i], contents_[i]);
  }

  /// Whether the folder contains exactly the four files with the right content, and the lock.
  void expect_complete(const fs::path& folder) const {
    for (std::size_t i = 0; i < contents_.size(); ++i)
      EXPECT_EQ(read_back(folder / kTinyNames[i]), contents_[i]) << kTinyNames[i];
    EXPECT_EQ(names_in(folder).size(), contents_.size() + 1);
  }

  KnownDataset known;

 private:
  std::array<std::string, 4> contents_;
  std::array<std::string, 4> hashes_;
};

/// Whether the folder contains no file except the lock.
inline void expect_nothing_but_the_lock(const fs::path& folder) {
  EXPECT_THAT(names_in(folder), ::testing::ElementsAre(".lock"));
}

/// A tar archive of regular files.
inline std::string tar_of(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string archive;
  for (const auto& [name, content] : files) {
    std::string header(512, '\0');
    header.replace(0, name.size(), name);
    header.replace(124, 11, fmt::format("{:011o}", content.size()));
    header.replace(148, 8, "        ");
    header[156] = '0';
    header.replace(257, 6, std::string("ustar\0", 6));
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    header.replace(148, 7, fmt::format("{:06o}", sum) + '\0');
    archive += header + content + std::string((512 - content.size() % 512) % 512, '\0');
  }
  return archive + std::string(1024, '\0');
}

}  // namespace digitry::test
