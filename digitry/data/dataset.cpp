#include "digitry/data/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <optional>
#include <span>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/limits.h"
#include "digitry/base/sha256.h"
#include "digitry/base/text.h"
#include "digitry/data/byte_stream.h"
#include "digitry/data/csv.h"
#include "digitry/data/idx.h"
#include "digitry/data/image_folder.h"
#include "digitry/data/known_datasets.h"
#include "digitry/image/image.h"
#include "digitry/image/png.h"

namespace digitry {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kMaxClassNameBytes = std::uint64_t{1} << 20;
constexpr std::size_t kSniffBytes = 64;

std::vector<std::string> numbered_names(std::int64_t count) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

std::int64_t count_classes(std::span<const std::int32_t> labels) {
  return labels.empty() ? 0 : *std::ranges::max_element(labels) + 1;
}

// The names in class_names.txt, or none if the folder has no such file. The number of the line is
// the label, so that blank lines are errors.
std::vector<std::string> read_class_names(const fs::path& folder) {
  const fs::path file = folder / "class_names.txt";
  std::vector<std::string> names;
  if (!path_exists(file)) return names;
  std::string text(without_byte_order_mark(read_file(file, kMaxClassNameBytes)));
  text.erase(text.find_last_not_of("\r\n") + 1);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string name = text.substr(begin, end - begin);
    if (name.ends_with('\r')) name.pop_back();
    if (name.empty() || std::ranges::find(names, name) != names.end())
      throw Error(ErrorCode::kBadData,
                  "{}: line {}: expected a distinct name for each class, found {}", file.string(),
                  names.size() + 1, name.empty() ? "a blank line" : name + " again");
    names.push_back(std::move(name));
    begin = end + 1;
  }
  if (names.empty() || names.size() > static_cast<std::size_t>(kMaxClasses))
    throw Error(ErrorCode::kBadData, "{}: expected 1 to {} class names, one per line, found {}",
                file.string(), kMaxClasses, names.size());
  return names;
}

// Checks the rules that are common to all sources, and hashes the content.
void finish(Dataset& dataset, std::string_view images_from, std::string_view labels_from) {
  const auto count = static_cast<std::size_t>(dataset.num_images());
  if (dataset.labelled() && dataset.labels.size() != count)
    throw Error(ErrorCode::kBadData, "{}: expected {} labels, one per image of {}, found {}",
                labels_from, count, images_from, dataset.labels.size());
  for (std::size_t i = 0; i < dataset.labels.size(); ++i)
    if (dataset.labels[i] < 0 || dataset.labels[i] >= dataset.num_classes())
      throw Error(ErrorCode::kBadData, "{}: expected labels in [0, {}], found {} at image {}",
                  labels_from, dataset.num_classes() - 1, dataset.labels[i], i);
  Sha256 hash;
  hash.update(std::span(dataset.images.data(), dataset.images.num_bytes()));
  hash.update(std::as_bytes(std::span(dataset.labels)));
  dataset.sha256 = hash.finish();
}

Dataset load_idx_folder(const fs::path& folder, Split split, std::vector<std::string> class_names) {
  const IdxFiles files = find_idx_files(folder, split);
  const char* prefix = split == Split::kTrain ? "train" : "t10k";
  if (!files.images)
    throw Error(ErrorCode::kBadData, "{}: expected {}-images-idx3-ubyte (or .gz), found none",
                folder.string(), prefix);
  if (!files.labels)
    throw Error(ErrorCode::kBadData,
                "{}: expected {}-labels-idx1-ubyte (or .gz) beside {}, found none", folder.string(),
                prefix, files.images->filename().string());
  Dataset dataset;
  dataset.labels = read_idx_labels(*files.labels);
  if (class_names.empty()) {
    const IdxFiles train = find_idx_files(folder, Split::kTrain);
    class_names = numbered_names(count_classes(
        split == Split::kTest && train.labels ? read_idx_labels(*train.labels) : dataset.labels));
  }
  dataset.class_names = std::move(class_names);
  dataset.images = read_idx_images(*files.images);
  finish(dataset, files.images->string(), files.labels->string());
  return dataset;
}

Dataset load_csv_folder(const fs::path& folder, Split split) {
  const auto file = find_csv_file(folder, split);
  if (!file)
    throw Error(ErrorCode::kBadData, "{}: expected {}.csv, found none", folder.string(),
                to_string(split));
  CsvImages content = read_csv(*open_stream(*file));
  Dataset dataset;
  dataset.images = std::move(content.images);
  dataset.labels = std::move(content.labels);
  dataset.class_names = read_class_names(folder);
  if (dataset.class_names.empty()) {
    const auto train = split == Split::kTest ? find_csv_file(folder, Split::kTrain) : std::nullopt;
    dataset.class_names = numbered_names(
        count_classes(train ? read_csv_labels(*open_stream(*train)) : dataset.labels));
  }
  finish(dataset, file->string(), file->string());
  return dataset;
}

Dataset from_image_files(ImageFiles files, const fs::path& path) {
  Dataset dataset;
  dataset.images = std::move(files.images);
  dataset.labels = std::move(files.labels);
  dataset.class_names = std::move(files.class_names);
  dataset.sources = std::move(files.files);
  finish(dataset, path.string(), path.string());
  return dataset;
}

// `folder` contains train/ and test/, or the class folders.
Dataset load_image_folder(const fs::path& folder, Split split) {
  const bool has_train = is_folder(folder / "train");
  if (!has_train && !is_folder(folder / "test"))
    return from_image_files(read_image_folder(folder, list_classes(folder)), folder);
  const fs::path root = folder / to_string(split);
  if (!is_folder(root))
    throw Error(ErrorCode::kBadData, "{}: expected a folder named {} in it, found none",
                folder.string(), to_string(split));
  return from_image_files(
      read_image_folder(root, list_classes(has_train ? folder / "train" : root)), root);
}

Dataset load_folder(const fs::path& folder, Split split) {
  for (const Split any : {Split::kTrain, Split::kTest}) {
    const IdxFiles files = find_idx_files(folder, any);
    if (files.images || files.labels)
      return load_idx_folder(folder, split, read_class_names(folder));
  }
  if (find_csv_file(folder, Split::kTrain) || find_csv_file(folder, Split::kTest))
    return load_csv_folder(folder, split);
  const bool has_classes = !list_classes(folder).empty();
  const bool has_images = holds_png_files(folder);
  if (has_classes && has_images)
    throw Error(ErrorCode::kBadData,
                "{}: expected PNG images or one folder of them per class, found both",
                folder.string());
  if (has_images) return load_inputs(folder.string());
  if (has_classes) return load_image_folder(folder, split);
  throw Error(
      ErrorCode::kBadData,
      "{}: expected IDX files (train-images-idx3-ubyte, ...), train.csv and test.csv, or one "
      "folder of PNG images per class, found none of them",
      folder.string());
}

Dataset load_idx_file(ByteStream& stream, const std::string& path, Labels read_labels) {
  Dataset dataset;
  std::string labels_from;
  const auto labels =
      read_labels == Labels::kIgnore || path == "-" ? std::nullopt : find_labels_of(path);
  if (labels) {
    dataset.labels = read_idx_labels(*labels);
    labels_from = labels->string();
  }
  dataset.images = read_idx_images(stream);
  dataset.class_names = numbered_names(count_classes(dataset.labels));
  finish(dataset, path, labels_from);
  return dataset;
}

Dataset load_stream(ByteStream& stream, const std::string& path, Labels labels) {
  const std::string_view start = stream.peek(kSniffBytes);
  if (start.empty())
    throw Error(ErrorCode::kBadData, "{}: expected images, found an empty file", stream.name());
  if (start.starts_with(std::string_view("\0\0", 2))) return load_idx_file(stream, path, labels);
  Dataset dataset;
  if (looks_like_png(start)) {
    const Image image = decode_grey_png(read_rest(stream, kMaxPngBytes), stream.name());
    dataset.images = Tensor({1, 1, image.height, image.width}, DType::kU8);
    std::ranges::copy(image.pixels, dataset.images.as<std::uint8_t>().begin());
    dataset.sources = {path};
  } else if (looks_like_csv(start)) {
    CsvImages content = read_csv(stream);
    dataset.images = std::move(content.images);
    dataset.labels = std::move(content.labels);
    dataset.class_names = numbered_names(count_classes(dataset.labels));
  } else {
    throw Error(
        ErrorCode::kBadData,
        "{}: expected an IDX, CSV or PNG file (or one of them as .gz), found bytes {}",
        stream.name(),
        fmt::format("{:02x}", fmt::join(std::as_bytes(std::span(start.substr(0, 4))), " ")));
  }
  finish(dataset, path, path);
  return dataset;
}

}  // namespace

Dataset load_inputs(const std::string& path, Labels labels) {
  if (path == "-" || !is_folder(path)) return load_inputs(*open_stream(path), path, labels);
  Dataset dataset = from_image_files(read_unlabelled_images(path), path);
  dataset.name = path;
  dataset.split = Split::kTest;
  return dataset;
}

Dataset load_inputs(ByteStream& stream, const std::string& path, Labels labels) {
  Dataset dataset = load_stream(stream, path, labels);
  dataset.name = path;
  dataset.split = Split::kTest;
  return dataset;
}

Tensor load_image(const std::string& path) {
  Dataset inputs = load_inputs(path, Labels::kIgnore);
  if (inputs.num_images() != 1)
    throw Error(ErrorCode::kBadData, "{}: expected one image, found {}; load_inputs reads several",
                path, inputs.num_images());
  return std::move(inputs.images);
}

Dataset load_dataset(const std::string& name_or_path, Split split) {
  Dataset dataset;
  if (const KnownDataset* known = find_known_dataset(name_or_path)) {
    const fs::path folder = cache_folder() / known->name;
    const IdxFiles files = find_idx_files(folder, split);
    if (!files.images || !files.labels)
      throw Error(ErrorCode::kUnavailable,
                  "the data set {} is not in {}; fetch it with: digitry data fetch {}", known->name,
                  folder.string(), known->name);
    dataset =
        load_idx_folder(folder, split, {known->class_names.begin(), known->class_names.end()});
  } else {
    if (name_or_path != "-" && !path_exists(name_or_path))
      throw Error(
          ErrorCode::kBadData,
          "{}: expected a path or the name of a data set (mnist, fashion-mnist), found no such "
          "file or folder",
          name_or_path);
    dataset =
        is_folder(name_or_path) ? load_folder(name_or_path, split) : load_inputs(name_or_path);
  }
  dataset.name = name_or_path;
  dataset.split = split;
  return dataset;
}

namespace {

constexpr std::array kSplits{Split::kTrain, Split::kTest};

template <typename Has>
std::vector<Split> present(const Has& has) {
  std::vector<Split> splits;
  std::ranges::copy_if(kSplits, std::back_inserter(splits), has);
  return splits;
}

}  // namespace

Dataset make_dataset(Tensor images, std::vector<std::int32_t> labels,
                     std::vector<std::string> class_names, std::string name) {
  const Shape& shape = images.shape();
  if (shape.rank() != 4 || images.dtype() != DType::kU8 || shape.num_elements() == 0)
    throw Error(ErrorCode::kShapeMismatch, "{}: expected images uint8 [N, C, H, W], got {} {}",
                name, to_string(images.dtype()), shape.to_string());
  Dataset dataset;
  check_image_total(name, shape[0], shape.without_batch().num_elements());
  if (class_names.empty()) {
    const std::int64_t count = count_classes(labels);
    if (count > kMaxClasses)
      throw Error(ErrorCode::kBadData, "{}: expected labels in [0, {}], found {}", name,
                  kMaxClasses - 1, count - 1);
    class_names = numbered_names(count);
  }
  dataset.images = std::move(images);
  dataset.labels = std::move(labels);
  dataset.class_names = std::move(class_names);
  dataset.name = std::move(name);
  finish(dataset, dataset.name, dataset.name);
  return dataset;
}

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
