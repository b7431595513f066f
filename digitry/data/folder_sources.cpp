#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/data/csv.h"
#include "digitry/data/data_source.h"
#include "digitry/data/idx.h"
#include "digitry/data/image_folder.h"

// The layouts of folders.

namespace digitry {
namespace fs = std::filesystem;
namespace {

template <typename Has>
std::vector<Split> splits_that(const Has& has) {
  std::vector<Split> splits;
  std::ranges::copy_if(kAllSplits, std::back_inserter(splits), has);
  return splits;
}

class IdxSource : public DataSource {
 public:
  explicit IdxSource(fs::path folder) : folder_(std::move(folder)) {}

  std::vector<Split> splits() const override {
    return splits_that(
        [&](Split split) { return find_idx_files(folder_, split).images.has_value(); });
  }

  SplitContent load(Split split) const override {
    const IdxFiles files = find_idx_files(folder_, split);
    const char* prefix = split == Split::kTrain ? "train" : "t10k";
    if (!files.images)
      throw Error(ErrorCode::kBadData, "{}: expected {}-images-idx3-ubyte (or .gz), found none",
                  folder_.string(), prefix);
    if (!files.labels)
      throw Error(ErrorCode::kBadData,
                  "{}: expected {}-labels-idx1-ubyte (or .gz) beside {}, found none",
                  folder_.string(), prefix, files.images->filename().string());
    SplitContent content{.images = {},
                         .labels = read_idx_labels(*files.labels),
                         .images_from = files.images->string(),
                         .labels_from = files.labels->string()};
    content.images = read_idx_images(*files.images);
    return content;
  }

  bool has_labels(Split split) const override {
    return find_idx_files(folder_, split).labels.has_value();
  }

  std::vector<std::int32_t> labels(Split split) const override {
    const IdxFiles files = find_idx_files(folder_, split);
    return files.labels ? read_idx_labels(*files.labels) : std::vector<std::int32_t>();
  }

 private:
  fs::path folder_;
};

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

// Class folders: in the root, or in train/ and test/.
class ClassFolderSource : public DataSource {
 public:
  explicit ClassFolderSource(fs::path folder) : folder_(std::move(folder)) {}

  std::vector<Split> splits() const override {
    return splits_that([&](Split split) { return is_folder(folder_ / to_string(split)); });
  }

  SplitContent load(Split split) const override {
    const bool has_train = is_folder(folder_ / "train");
    if (splits().empty()) return read(folder_, list_classes(folder_));
    const fs::path root = folder_ / to_string(split);
    if (!is_folder(root))
      throw Error(ErrorCode::kBadData, "{}: expected a folder named {} in it, found none",
                  folder_.string(), to_string(split));
    return read(root, list_classes(has_train ? folder_ / "train" : root));
  }

  bool has_labels(Split split) const override {
    return !list_classes(folder_ / to_string(split)).empty();
  }

  std::vector<std::int32_t> labels(Split split) const override { return load(split).labels; }

 private:
  static SplitContent read(const fs::path& root, std::vector<std::string> class_names) {
    ImageFiles files = read_image_folder(root, std::move(class_names));
    return {.images = std::move(files.images),
            .labels = std::move(files.labels),
            .class_names = std::move(files.class_names),
            .image_files = std::move(files.files),
            .images_from = root.string(),
            .labels_from = root.string()};
  }

  fs::path folder_;
};

// Image files without labels.
class ImageFilesSource : public DataSource {
 public:
  explicit ImageFilesSource(fs::path folder) : folder_(std::move(folder)) {}

  std::vector<Split> splits() const override { return {}; }
  SplitContent load(Split /*split*/) const override {
    ImageFiles files = read_unlabelled_images(folder_);
    return {.images = std::move(files.images),
            .image_files = std::move(files.files),
            .images_from = folder_.string(),
            .labels_from = folder_.string()};
  }
  bool has_labels(Split /*split*/) const override { return false; }
  std::vector<std::int32_t> labels(Split /*split*/) const override { return {}; }

 private:
  fs::path folder_;
};

}  // namespace

std::unique_ptr<DataSource> open_idx_source(const fs::path& folder) {
  return std::make_unique<IdxSource>(folder);
}

std::unique_ptr<DataSource> open_folder_source(const fs::path& folder) {
  const auto any_split = [&](const auto& has) { return std::ranges::any_of(kAllSplits, has); };
  if (any_split([&](Split split) {
        const IdxFiles files = find_idx_files(folder, split);
        return files.images || files.labels;
      }))
    return open_idx_source(folder);
  if (any_split([&](Split split) { return find_csv_file(folder, split).has_value(); }))
    return std::make_unique<CsvSource>(folder);
  if (auto arrays = open_npy_folder_source(folder)) return arrays;
  const bool has_classes = !list_classes(folder).empty();
  const bool has_images = holds_png_files(folder);
  if (has_classes && has_images)
    throw Error(ErrorCode::kBadData,
                "{}: expected PNG images or one folder of them per class, found both",
                folder.string());
  if (has_images) return std::make_unique<ImageFilesSource>(folder);
  if (has_classes) return std::make_unique<ClassFolderSource>(folder);
  throw Error(ErrorCode::kBadData,
              "{}: expected IDX files (train-images-idx3-ubyte, ...), train.csv and test.csv, "
              "NumPy arrays (x_train.npy, ... or one .npz file), or one folder of PNG images per "
              "class, found none of them",
              folder.string());
}

}  // namespace digitry
