#include "digitry/data/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/limits.h"
#include "digitry/base/sha256.h"
#include "digitry/base/text.h"
#include "digitry/data/byte_stream.h"
#include "digitry/data/class_names.h"
#include "digitry/data/csv.h"
#include "digitry/data/data_source.h"
#include "digitry/data/idx.h"
#include "digitry/data/image_folder.h"
#include "digitry/data/known_datasets.h"
#include "digitry/data/npy.h"
#include "digitry/data/set_form.h"
#include "digitry/data/zip.h"
#include "digitry/image/channels.h"
#include "digitry/image/image.h"
#include "digitry/image/png.h"
#include "digitry/image/unread_format.h"

namespace digitry {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kSniffBytes = 64;

// How the images of a file are brought into the form of a data set.
struct Form {
  LoadOptions options;
  Pixels pixels = Pixels::kNormalize;
};

// Brings the images to the channels of `form` and, unless they have colours, to light on dark.
void bring_to(const Form& form, Dataset& dataset, const std::string& images_from) {
  if (dataset.images.empty()) return;
  const Channels channels = form.options.channels;
  const std::int64_t had = dataset.image_shape()[0];
  check_image_total(images_from, dataset.num_images(),
                    dataset.image_shape().num_elements() / had * count_of(channels));
  dataset.images = with_channels(std::move(dataset.images), channels);
  if (had > 1 && dataset.image_shape()[0] == 1)
    dataset.notes.push_back(fmt::format(
        "the images have {} channels and became grey (--channels colour keeps colours)", had));
  if (form.pixels == Pixels::kNormalize) normalize_images(dataset.images);
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
  check_weights(dataset.weights, dataset.num_images(), images_from);
  Sha256 hash;
  hash.update(std::span(dataset.images.data(), dataset.images.num_bytes()));
  hash.update(std::as_bytes(std::span(dataset.labels)));
  hash.update(std::as_bytes(std::span(dataset.weights)));
  dataset.sha256 = hash.finish();
}

Dataset from_content(SplitContent content, std::vector<std::string> class_names, const Form& form) {
  Dataset dataset;
  dataset.images = std::move(content.images);
  dataset.labels = std::move(content.labels);
  dataset.weights = std::move(content.weights);
  dataset.class_names = std::move(class_names);
  dataset.sources = std::move(content.image_files);
  dataset.notes = std::move(content.notes);
  bring_to(form, dataset, content.images_from);
  finish(dataset, content.images_from, content.labels_from);
  return dataset;
}

Dataset load_idx_file(ByteStream& stream, const std::string& path, Labels read_labels,
                      const Form& form) {
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
  bring_to(form, dataset, path);
  finish(dataset, path, labels_from);
  return dataset;
}

// The images of an NPZ file to classify: those of its test split if it has one.
Dataset load_npz(ByteStream& stream, Labels labels, const Form& form) {
  const auto source = open_npz_source(stream);
  const std::vector<Split> splits = source->splits();
  SplitContent content = source->load(splits.empty() ? Split::kTest : splits.back());
  if (labels == Labels::kIgnore) content.labels.clear();
  std::vector<std::string> class_names = numbered_names(count_classes(content.labels));
  return from_content(std::move(content), std::move(class_names), form);
}

Dataset load_stream(ByteStream& stream, const std::string& path, Labels labels, const Form& form) {
  const std::string_view start = stream.peek(kSniffBytes);
  if (start.empty())
    throw Error(ErrorCode::kBadData, "{}: expected images, found an empty file", stream.name());
  if (const auto unread = find_unread_format(start))
    throw Error(ErrorCode::kBadData,
                "{}: expected an IDX, CSV, NPY, NPZ or PNG file, found {}; {} first", stream.name(),
                unread->name, unread->advice);
  if (start.starts_with(std::string_view("\0\0", 2)))
    return load_idx_file(stream, path, labels, form);
  Dataset dataset;
  if (looks_like_png(start)) {
    const Image image = with_channels(decode_png(read_rest(stream, kMaxPngBytes), stream.name()),
                                      form.options.channels);
    dataset.images = Tensor({1, image.channels, image.height, image.width}, DType::kU8);
    std::ranges::copy(planes_of(image), dataset.images.as<std::uint8_t>().begin());
    dataset.sources = {path};
  } else if (looks_like_csv(start)) {
    CsvImages content = read_csv(stream);
    dataset.images = std::move(content.images);
    dataset.labels = std::move(content.labels);
    dataset.class_names = numbered_names(count_classes(dataset.labels));
  } else if (looks_like_npy(start)) {
    dataset.images = read_npy_images(stream);
  } else if (looks_like_zip(start)) {
    return load_npz(stream, labels, form);
  } else {
    throw Error(
        ErrorCode::kBadData,
        "{}: expected an IDX, CSV, NPY, NPZ or PNG file (or one of them as .gz), found bytes {}",
        stream.name(),
        fmt::format("{:02x}", fmt::join(std::as_bytes(std::span(start.substr(0, 4))), " ")));
  }
  bring_to(form, dataset, path);
  finish(dataset, path, path);
  return dataset;
}

}  // namespace

Dataset load_inputs(const std::string& path, Labels labels, const LoadOptions& options,
                    Pixels pixels) {
  if (path == "-" || !is_folder(path))
    return load_inputs(*open_stream(path), path, labels, options, pixels);
  ImageFiles files = read_unlabelled_images(path, options);
  Dataset dataset;
  dataset.images = std::move(files.images);
  dataset.sources = std::move(files.files);
  dataset.notes = std::move(files.notes);
  bring_to({options, pixels}, dataset, path);
  finish(dataset, path, path);
  dataset.name = path;
  dataset.split = Split::kTest;
  return dataset;
}

Dataset load_inputs(ByteStream& stream, const std::string& path, Labels labels,
                    const LoadOptions& options, Pixels pixels) {
  Dataset dataset = load_stream(stream, path, labels, {options, pixels});
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

namespace {

// Where a data set of that name is: fetched by Digitry, or by Keras.
std::unique_ptr<DataSource> open_known(const KnownDataset& known) {
  const fs::path folder = cache_folder() / known.name;
  const auto is_complete = [](const fs::path& place) {
    return std::ranges::all_of(std::array{Split::kTrain, Split::kTest}, [&](Split split) {
      const IdxFiles files = find_idx_files(place, split);
      return files.images && files.labels;
    });
  };
  if (is_complete(folder)) return open_idx_source(folder);
  if (const fs::path keras = keras_folder(); !keras.empty()) {
    if (is_complete(keras / known.name)) return open_idx_source(keras / known.name);
    const fs::path file = keras / (std::string(known.name) + ".npz");
    if (path_exists(file)) return open_npz_source(*open_stream(file));
  }
  throw Error(ErrorCode::kUnavailable,
              "the data set {} is not in {}; fetch it with: digitry data fetch {}", known.name,
              folder.string(), known.name);
}

// Whether a path is that of IDX files without the end of their names: gzip/emnist-digits-.
bool is_idx_prefix(const fs::path& path) {
  const fs::path folder = path.parent_path().empty() ? "." : path.parent_path();
  if (path.filename().empty() || path_exists(path) || !is_folder(folder)) return false;
  const auto prefixes = list_idx_prefixes(folder);
  return std::ranges::find(prefixes, path.filename().string()) != prefixes.end();
}

// The source of a folder or NPZ file; null for one set of images, which `load_inputs` reads.
std::unique_ptr<DataSource> open_source(const std::string& path, const LoadOptions& options) {
  if (path == "-") return nullptr;
  if (const fs::path prefix = path; is_idx_prefix(prefix))
    return open_idx_source(prefix.parent_path().empty() ? "." : prefix.parent_path(),
                           prefix.filename().string());
  if (!path_exists(path))
    throw Error(ErrorCode::kBadData,
                "{}: expected a path or the name of a data set (mnist, fashion-mnist), found no "
                "such file or folder",
                path);
  if (is_folder(path)) return open_folder_source(path, options);
  if (!fs::is_regular_file(path)) return nullptr;  // A pipe cannot be read twice.
  const auto stream = open_stream(path);
  return looks_like_zip(stream->peek(kSniffBytes)) ? open_npz_source(*stream) : nullptr;
}

bool has(const std::vector<Split>& splits, Split split) {
  return std::ranges::find(splits, split) != splits.end();
}

// The classes of a split: named by the folder, by a file, or numbered by the training labels.
std::vector<std::string> classes_of(const DataSource& source, SplitContent& content, Split split,
                                    const std::string& path) {
  if (!content.class_names.empty()) return std::move(content.class_names);
  std::vector<std::string> names;
  if (is_folder(path))
    names = read_class_names(path);
  else if (is_idx_prefix(path))
    names = read_class_names(fs::path(path).parent_path());
  if (!names.empty()) return names;
  if (split != Split::kTrain && has(source.splits(), Split::kTrain)) {
    const auto labels = source.labels(Split::kTrain);
    if (!labels.empty()) return numbered_names(count_classes(labels));
  }
  return numbered_names(count_classes(content.labels));
}

}  // namespace

Dataset load_dataset(const std::string& name_or_path, Split split, const LoadOptions& options) {
  return load_dataset(name_or_path, split, options, Pixels::kNormalize);
}

Dataset load_inputs(const std::string& path, Labels labels, const LoadOptions& options) {
  return load_inputs(path, labels, options, Pixels::kNormalize);
}

Dataset load_inputs(ByteStream& stream, const std::string& path, Labels labels,
                    const LoadOptions& options) {
  return load_inputs(stream, path, labels, options, Pixels::kNormalize);
}

Dataset load_dataset(const std::string& name_or_path, Split split, const LoadOptions& options,
                     Pixels pixels) {
  Dataset dataset;
  if (const KnownDataset* known = find_known_dataset(name_or_path)) {
    dataset =
        from_content(open_known(*known)->load(split),
                     {known->class_names.begin(), known->class_names.end()}, {options, pixels});
  } else if (const auto source = open_source(name_or_path, options)) {
    SplitContent content = source->load(split);
    std::vector<std::string> names = classes_of(*source, content, split, name_or_path);
    dataset = from_content(std::move(content), std::move(names), {options, pixels});
  } else {
    dataset = load_inputs(name_or_path, Labels::kRead, options, pixels);
  }
  dataset.name = name_or_path;
  dataset.split = split;
  return dataset;
}

void check_weights(std::span<const float> weights, std::int64_t num_images, std::string_view name) {
  if (!weights.empty() && std::ssize(weights) != num_images)
    throw Error(ErrorCode::kBadData, "{}: expected {} weights, one per image, found {}", name,
                num_images, weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i)
    if (!std::isfinite(weights[i]) || weights[i] < 0)
      throw Error(ErrorCode::kBadData,
                  "{}: expected finite weights of at least 0, found {} at image {}", name,
                  weights[i], i);
}

Dataset make_dataset(Tensor images, std::vector<std::int32_t> labels,
                     std::vector<std::string> class_names, std::string name,
                     std::vector<float> weights) {
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
  dataset.weights = std::move(weights);
  dataset.class_names = std::move(class_names);
  dataset.name = std::move(name);
  finish(dataset, dataset.name, dataset.name);
  return dataset;
}

Dataset load_training_data(const std::string& name_or_path, const LoadOptions& options) {
  Dataset train = load_dataset(name_or_path, Split::kTrain, options);
  if (!has(list_splits(name_or_path, options), Split::kValidation)) return train;
  LoadOptions same_size = options;
  same_size.image_size = {train.image_shape()[1], train.image_shape()[2]};
  Dataset validation = load_dataset(name_or_path, Split::kValidation, same_size);
  if (!train.labelled() || !validation.labelled() ||
      train.image_shape() != validation.image_shape())
    throw Error(ErrorCode::kBadData,
                "{}: expected labelled validation images of {}, as the training images, found {}{}",
                name_or_path, train.image_shape().to_string(),
                validation.labelled() ? "" : "unlabelled ", validation.image_shape().to_string());
  Tensor images(train.image_shape().with_batch(train.num_images() + validation.num_images()),
                DType::kU8);
  std::memcpy(images.data(), train.images.data(), train.images.num_bytes());
  std::memcpy(images.data() + train.images.num_bytes(), validation.images.data(),
              validation.images.num_bytes());
  train.images = std::move(images);
  train.num_validation = validation.num_images();
  const auto append = [](auto& to, auto& from) { std::ranges::move(from, std::back_inserter(to)); };
  append(train.labels, validation.labels);
  if (!train.weights.empty()) train.weights.resize(train.labels.size(), 1);
  append(train.sources, validation.sources);
  append(train.notes, validation.notes);
  train.notes.push_back(fmt::format("the {} validation images of {} are used for validation",
                                    grouped(train.num_validation), name_or_path));
  finish(train, name_or_path, name_or_path);
  return train;
}

const char* to_string(Split split) {
  return split == Split::kTrain ? "train" : split == Split::kTest ? "test" : "validation";
}

std::vector<Split> list_splits(const std::string& name_or_path, const LoadOptions& options) {
  if (find_known_dataset(name_or_path)) return {Split::kTrain, Split::kTest};
  if (name_or_path != "-" && !path_exists(name_or_path) && !is_idx_prefix(name_or_path)) return {};
  const auto source = open_source(name_or_path, options);
  return source ? source->splits() : std::vector<Split>();
}

bool has_labelled_test_split(const std::string& name_or_path, const LoadOptions& options) {
  if (find_known_dataset(name_or_path)) return true;
  if (name_or_path != "-" && !path_exists(name_or_path) && !is_idx_prefix(name_or_path))
    return false;
  const auto source = open_source(name_or_path, options);
  return source && has(source->splits(), Split::kTest) && source->has_labels(Split::kTest);
}

}  // namespace digitry
