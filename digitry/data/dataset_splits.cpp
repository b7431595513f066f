#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>

#include "digitry/base/file.h"
#include "digitry/data/byte_stream.h"
#include "digitry/data/csv.h"
#include "digitry/data/dataset.h"
#include "digitry/data/idx.h"
#include "digitry/data/image_folder.h"
#include "digitry/data/known_datasets.h"

namespace digitry {
namespace fs = std::filesystem;
namespace {

constexpr std::array kSplits{Split::kTrain, Split::kTest};

template <typename Has>
std::vector<Split> present(const Has& has) {
  std::vector<Split> splits;
  std::ranges::copy_if(kSplits, std::back_inserter(splits), has);
  return splits;
}

}  // namespace

const char* to_string(Split split) { return split == Split::kTrain ? "train" : "test"; }

std::vector<Split> list_splits(const std::string& name_or_path) {
  if (find_known_dataset(name_or_path)) return {Split::kTrain, Split::kTest};
  const fs::path folder = name_or_path;
  if (!is_folder(folder)) return {};
  auto splits =
      present([&](Split split) { return find_idx_files(folder, split).images.has_value(); });
  if (splits.empty())
    splits = present([&](Split split) { return find_csv_file(folder, split).has_value(); });
  if (splits.empty())
    splits = present([&](Split split) { return is_folder(folder / to_string(split)); });
  return splits;
}

bool has_labelled_test_split(const std::string& name_or_path) {
  if (find_known_dataset(name_or_path)) return true;
  const auto splits = list_splits(name_or_path);
  if (std::ranges::find(splits, Split::kTest) == splits.end()) return false;
  const fs::path folder = name_or_path;
  if (const IdxFiles files = find_idx_files(folder, Split::kTest); files.images)
    return files.labels.has_value();
  if (const auto file = find_csv_file(folder, Split::kTest))
    return !read_csv_labels(*open_stream(*file)).empty();
  return !list_classes(folder / to_string(Split::kTest)).empty();
}

}  // namespace digitry
