#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/text.h"
#include "digitry/data/csv.h"
#include "digitry/data/data_source.h"
#include "digitry/data/idx.h"
#include "digitry/data/image_folder.h"

// The layouts of folders.

namespace digitry {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxFoldersSearched = 100;

// What the classes of a set of EMNIST show, by the prefix of its files; empty for digits.
// Source: Cohen, Afshar, Tapson, van Schaik, "EMNIST", arXiv 1702.05373, sec. III.
std::vector<std::string> emnist_classes(std::string_view prefix) {
  constexpr std::string_view kDigits = "0123456789";
  constexpr std::string_view kCapitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const auto has = [&](std::string_view word) {
    return prefix.find(word) != std::string_view::npos;
  };
  std::string characters;
  if (has("letters")) characters = kCapitals;
  // Letters that look alike in both cases share a class.
  if (has("balanced") || has("bymerge"))
    characters = fmt::format("{}{}abdefghnqrt", kDigits, kCapitals);
  if (has("byclass"))
    characters = fmt::format("{}{}abcdefghijklmnopqrstuvwxyz", kDigits, kCapitals);
  std::vector<std::string> names;
  for (const char character : characters) names.emplace_back(1, character);
  return names;
}

template <typename Has>
std::vector<Split> splits_that(const Has& has) {
  std::vector<Split> splits;
  std::ranges::copy_if(kAllSplits, std::back_inserter(splits), has);
  return splits;
}

class IdxSource : public DataSource {
 public:
  IdxSource(fs::path folder, std::string prefix)
      : folder_(std::move(folder)), prefix_(std::move(prefix)) {}

  std::vector<Split> splits() const override {
    return splits_that([&](Split split) { return files(split).images.has_value(); });
  }

  SplitContent load(Split split) const override {
    const IdxFiles found = files(split);
    const std::string word = prefix_ + (split == Split::kTrain  ? "train"
                                        : split == Split::kTest ? "t10k"
                                                                : "validation");
    if (!found.images)
      throw Error(ErrorCode::kBadData, "{}: expected {}-images-idx3-ubyte (or .gz), found none",
                  folder_.string(), word);
    if (!found.labels)
      throw Error(ErrorCode::kBadData,
                  "{}: expected {}-labels-idx1-ubyte (or .gz) beside {}, found none",
                  folder_.string(), word, found.images->filename().string());
    SplitContent content{.images = {},
                         .labels = labels(split),
                         .images_from = found.images->string(),
                         .labels_from = found.labels->string()};
    content.images = read_idx_images(*found.images);
    if (prefix_.starts_with("emnist")) {
      transpose_images(content.images);
      content.notes.emplace_back("turned EMNIST's images upright; they are stored transposed");
      if (!path_exists(folder_ / "class_names.txt")) content.class_names = emnist_classes(prefix_);
    }
    return content;
  }

  bool has_labels(Split split) const override { return files(split).labels.has_value(); }

  std::vector<std::int32_t> labels(Split split) const override {
    const IdxFiles found = files(split);
    if (!found.labels) return {};
    std::vector<std::int32_t> labels = read_idx_labels(*found.labels);
    // The letters of EMNIST are counted from 1.
    if (prefix_.starts_with("emnist-letters") && std::ranges::find(labels, 0) == labels.end())
      for (std::int32_t& label : labels) --label;
    return labels;
  }

 private:
  IdxFiles files(Split split) const { return find_idx_files(folder_, split, prefix_); }

  fs::path folder_;
  std::string prefix_;
};

// The folder with IDX files, `folder` or one in it (torchvision's MNIST/raw), and the prefix of
// their names. Nothing if there are none.
std::optional<std::pair<fs::path, std::string>> find_idx_set(const fs::path& folder) {
  std::vector<std::pair<fs::path, std::string>> found;
  const auto look_in = [&](const fs::path& place) {
    for (std::string& prefix : list_idx_prefixes(place))
      found.emplace_back(place, std::move(prefix));
  };
  look_in(folder);
  std::vector<fs::path> places{folder};
  for (int depth = 0; depth < 2 && found.empty(); ++depth) {
    std::vector<fs::path> inner;
    for (const fs::path& place : places)
      for (const fs::path& path : list_folder(place))
        if (is_folder(path) && !path.filename().string().starts_with('.')) inner.push_back(path);
    if (inner.size() > kMaxFoldersSearched) return std::nullopt;
    for (const fs::path& path : inner) look_in(path);
    places = std::move(inner);
  }
  if (found.empty()) return std::nullopt;
  // The names of MNIST come first, as if the others were not there.
  if (found.size() == 1 || (found.front().first == folder && found.front().second.empty()))
    return found.front();
  std::string names;
  for (const auto& [place, prefix] : found)
    names += (names.empty() ? "" : ", ") + (place / prefix).string();
  throw Error(ErrorCode::kBadData,
              "{}: expected one data set in IDX, found several; pass one of {}", folder.string(),
              names);
}

class CsvSource : public DataSource {
 public:
  explicit CsvSource(fs::path folder) : folder_(std::move(folder)) {}

  std::vector<Split> splits() const override {
    return splits_that([&](Split split) { return find_csv_file(folder_, split).has_value(); });
  }

  SplitContent load(Split split) const override {
    const auto file = find_csv_file(folder_, split);
    if (!file)
      throw Error(ErrorCode::kBadData, "{}: expected {}.csv, found none", folder_.string(),
                  to_string(split));
    CsvImages content = read_csv(*open_stream(*file));
    return {.images = std::move(content.images),
            .labels = std::move(content.labels),
            .images_from = file->string(),
            .labels_from = file->string()};
  }

  bool has_labels(Split split) const override { return !labels(split).empty(); }

  std::vector<std::int32_t> labels(Split split) const override {
    const auto file = find_csv_file(folder_, split);
    return file ? read_csv_labels(*open_stream(*file)) : std::vector<std::int32_t>();
  }

 private:
  fs::path folder_;
};

bool is_split(const fs::path& folder) {
  return std::ranges::any_of(
      kAllSplits, [&](Split split) { return find_split_folder(folder, split).has_value(); });
}

// Image files: in class folders, or with the class in their names; in the root, or in folders of
// splits.
class ImageFolderSource : public DataSource {
 public:
  ImageFolderSource(fs::path folder, const LoadOptions& options)
      : folder_(std::move(folder)), options_(options) {
    for (const Split split : kAllSplits)
      if (auto found = find_split_folder(folder_, split)) folders_[split] = *std::move(found);
    // A folder of images that is named train may be a class.
    const bool holds_classes = std::ranges::any_of(folders_, [&](const auto& entry) {
      return by_name() || !list_classes(entry.second).empty();
    });
    if (!holds_classes) folders_.clear();
  }

  std::vector<Split> splits() const override {
    return splits_that([&](Split split) { return folders_.contains(split); });
  }

  SplitContent load(Split split) const override {
    if (folders_.empty()) return read(folder_, {});
    const auto found = folders_.find(split);
    if (found == folders_.end())
      throw Error(ErrorCode::kBadData, "{}: expected a folder of {} images in it, found none",
                  folder_.string(), to_string(split));
    const auto train = folders_.find(Split::kTrain);
    SplitContent content =
        read(found->second, train == folders_.end() ? found->second : train->second);
    note_other_folders(content.notes);
    return content;
  }

  bool has_labels(Split split) const override {
    return by_name() || !list_classes(folders_.at(split)).empty();
  }

  std::vector<std::int32_t> labels(Split split) const override { return load(split).labels; }

 private:
  bool by_name() const { return options_.label_from == LabelFrom::kName; }

  // The images of `place`, with the classes of `classes_from`, or of its own if that is empty.
  SplitContent read(const fs::path& place, const fs::path& classes_from) const {
    const fs::path& root = classes_from.empty() ? place : classes_from;
    const bool labelled = by_name() || !list_classes(place).empty();
    ImageFiles files = by_name()  ? read_named_images(place, list_named_classes(root), options_)
                       : labelled ? read_image_folder(place, list_classes(root), options_)
                                  : read_unlabelled_images(place, options_);
    return {.images = std::move(files.images),
            .labels = std::move(files.labels),
            .class_names = std::move(files.class_names),
            .image_files = std::move(files.files),
            .notes = std::move(files.notes),
            .images_from = place.string(),
            .labels_from = place.string()};
  }

  void note_other_folders(std::vector<std::string>& notes) const {
    for (const std::string& name : list_classes(folder_))
      if (std::ranges::none_of(folders_, [&](const auto& entry) {
            return entry.second.filename().string() == name;
          }))
        notes.push_back("left out the folder " + clean_utf8((folder_ / name).string()) +
                        ", which is none of train, validation and test");
  }

  fs::path folder_;
  LoadOptions options_;
  std::map<Split, fs::path> folders_;  // Empty: the images have no splits.
};

// Image files without labels.
class ImageFilesSource : public DataSource {
 public:
  ImageFilesSource(fs::path folder, const LoadOptions& options)
      : folder_(std::move(folder)), options_(options) {}

  std::vector<Split> splits() const override { return {}; }
  SplitContent load(Split /*split*/) const override {
    ImageFiles files = read_unlabelled_images(folder_, options_);
    return {.images = std::move(files.images),
            .image_files = std::move(files.files),
            .notes = std::move(files.notes),
            .images_from = folder_.string(),
            .labels_from = folder_.string()};
  }
  bool has_labels(Split /*split*/) const override { return false; }
  std::vector<std::int32_t> labels(Split /*split*/) const override { return {}; }

 private:
  fs::path folder_;
  LoadOptions options_;
};

}  // namespace

std::unique_ptr<DataSource> open_idx_source(const fs::path& folder, const std::string& prefix) {
  return std::make_unique<IdxSource>(folder, prefix);
}

std::unique_ptr<DataSource> open_folder_source(const fs::path& folder, const LoadOptions& options) {
  if (options.label_from == LabelFrom::kName)
    return std::make_unique<ImageFolderSource>(folder, options);
  if (const auto idx = find_idx_set(folder)) return open_idx_source(idx->first, idx->second);
  if (std::ranges::any_of(kAllSplits,
                          [&](Split split) { return find_csv_file(folder, split).has_value(); }))
    return std::make_unique<CsvSource>(folder);
  if (auto arrays = open_npy_folder_source(folder)) return arrays;
  const std::vector<std::string> classes = list_classes(folder);
  const bool has_images = holds_images(folder);
  if (!classes.empty() && has_images)
    throw Error(ErrorCode::kBadData,
                "{}: expected image files or one folder of them per class, found both",
                folder.string());
  if (has_images) return std::make_unique<ImageFilesSource>(folder, options);
  // An archive that was unpacked into a folder of its own.
  if (const auto inner = folder / (classes.size() == 1 ? classes.front() : "");
      classes.size() == 1 && !holds_images(inner) && !is_split(folder))
    return open_folder_source(inner, options);
  if (!classes.empty()) return std::make_unique<ImageFolderSource>(folder, options);
  throw Error(
      ErrorCode::kBadData,
      "{}: expected IDX files (train-images-idx3-ubyte, ...), train.csv and test.csv, "
      "NumPy arrays (x_train.npy, ... or one .npz file), or one folder of images per class, "
      "found none of them",
      folder.string());
}

}  // namespace digitry
