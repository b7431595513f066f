#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/image/channels.h"
#include "digitry/image/image.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

class ByteStream;

/// Validation images of their own are rare: most data sets have none, and training sets some of its
/// images aside.
enum class Split { kTrain, kValidation, kTest };
inline constexpr std::array kAllSplits = {Split::kTrain, Split::kValidation, Split::kTest};

/// "train", "validation" or "test".
const char* to_string(Split split);

/// Where the class of an image file is written.
enum class LabelFrom {
  kFolder,  ///< In the name of its folder: 5/a.png.
  kName,    ///< At the start of its own name: 5_a.png.
};

/// How images become a data set. Size and labels are those of image files alone.
struct LoadOptions {
  /// Images are brought to this size with their aspect kept (`fit_image`). 0×0: the size that all
  /// have, or 28×28 if they differ.
  ImageSize image_size = {};
  LabelFrom label_from = LabelFrom::kFolder;
  /// Grey or colour (`with_channels`), in every format.
  Channels channels = Channels::kGrey;

  bool operator==(const LoadOptions&) const = default;
};

/// One split of a data set: images and, unless they are only to be classified, their labels.
struct Dataset {
  Tensor images;                         ///< uint8 [N, C, H, W]; MNIST: ink 255, background 0.
  std::vector<std::int32_t> labels;      ///< N labels in [0, num_classes), or empty.
  std::vector<std::string> class_names;  ///< One per class; "0".."9" for MNIST.
  std::string name;                      ///< As the user named it: "mnist" or a path.
  Split split = Split::kTrain;
  std::string
      sha256;  ///< Lower-case hexadecimal hash of the pixels, the int32 labels and the weights.
  /// N weights of the images in training and its validation, at least 0; only their ratios matter.
  /// Empty: all alike. Evaluation ignores them.
  std::vector<float> weights;
  std::vector<std::string> sources;  ///< The file of each image, for image files; else empty.
  /// What a user should know about how the files were read, one sentence each: files that were left
  /// out, images that were resized.
  std::vector<std::string> notes;
  /// The last images, which the data set itself sets aside for validation: `load_training_data`.
  std::int64_t num_validation = 0;

  std::int64_t num_images() const { return images.empty() ? 0 : images.shape()[0]; }
  std::int64_t num_classes() const { return static_cast<std::int64_t>(class_names.size()); }
  bool labelled() const { return !labels.empty(); }
  /// [C, H, W] of one image.
  Shape image_shape() const { return images.shape().without_batch(); }
};

/// The training split of images and labels in memory, with their hash. Expects images uint8 [N, C,
/// H, W] with N ≥ 1, one label per image or none, and one weight per image or none. Without
/// `class_names` the classes are "0" to the largest label. Throws Error{kShapeMismatch} for other
/// images, Error{kBadData}, with a message that begins with `name`, for another number of labels or
/// weights, or a label or weight out of range.
Dataset make_dataset(Tensor images, std::vector<std::int32_t> labels,
                     std::vector<std::string> class_names, std::string name,
                     std::vector<float> weights = {});

/// Throws Error{kBadData}, with a message that begins with `name`, unless `weights` are finite
/// numbers of at least 0, one per image or none.
void check_weights(std::span<const float> weights, std::int64_t num_images, std::string_view name);

/// Loads one split of a data set. `name_or_path` is
///   - "mnist" or "fashion-mnist": read from the cache, into which `fetch_dataset` writes, or from
///     the folder of Keras;
///   - a folder with IDX files (raw or .gz, `train-images-idx3-ubyte` or `.idx3-ubyte`), or the
///     common start of their paths: `gzip/emnist-digits-`;
///   - a folder with `train.csv` and `test.csv` (or .csv.gz), see `read_csv`;
///   - a file of NumPy arrays (`mnist.npz` of Keras) or a folder of them (KMNIST), whose roles
///     follow from their names: `x_train`, `y_train`, `val_images`, `kmnist-test-labels`, ...;
///   - a folder of image folders, `root/<class>/*.png` or `root/{train,valid,test}/<class>/*.png`
///     (or training, val, validation, testing); with `LabelFrom::kName`, `root/<class>_*.png`.
///     Files are PNG or what `set_image_decoder` adds;
///   - anything that `load_inputs` accepts.
/// A source without splits (one file, class folders in the root) is returned for any split. A
/// known name takes precedence over a file of that name; `./mnist` refers to the file.
///
/// The classes are those of the training split: the largest label + 1, or its folders. A test split
/// may lack some of them but must have no others. The names are "0", "1", ... unless the folder has
/// a file `class_names.txt` with one distinct name per line.
///
/// Throws Error{kBadData} that names the file, the rule and what was found; Error{kIo} if a file
/// cannot be read; Error{kUnavailable}, with the command that fetches it, if a known data set is
/// not in the cache.
Dataset load_dataset(const std::string& name_or_path, Split split, const LoadOptions& options = {});

/// The images to train with: those of the training split and, if the data set has validation images
/// of its own, these behind them, `num_validation` in number. Throws as `load_dataset` does.
Dataset load_training_data(const std::string& name_or_path, const LoadOptions& options = {});

/// The splits of `name_or_path`; empty for a source without splits or a path that does not exist.
/// Throws Error{kIo} if the folder cannot be read.
std::vector<Split> list_splits(const std::string& name_or_path, const LoadOptions& options = {});

/// Whether there is a test split with labels, so that a model can be evaluated on it. (The test.csv
/// of Kaggle has none.) Looks only at file names, except that it reads a CSV file; then it throws
/// as `load_dataset` does.
bool has_labelled_test_split(const std::string& name_or_path, const LoadOptions& options = {});

/// Whether `load_inputs` reads the label file beside an IDX image file. With `kIgnore` that file
/// may be missing or invalid.
enum class Labels { kRead, kIgnore };

/// Loads images to classify, which need no labels, from one source: an IDX image file (with the
/// label file beside it if there is one), a CSV file, a NumPy array (NPY), an NPZ file (its test
/// images if it has splits), a PNG file, a folder of image files, or "-", which is one of these
/// files on standard input. Files may be compressed with gzip. The content of a file, not its name,
/// determines its format. Throws Error{kBadData} that names the file, the rule and what was found;
/// Error{kIo} if it cannot be read.
Dataset load_inputs(const std::string& path, Labels labels = Labels::kRead,
                    const LoadOptions& options = {});

/// The same for an open stream from which nothing has been read. `path` is its path, or "-".
Dataset load_inputs(ByteStream& stream, const std::string& path, Labels labels,
                    const LoadOptions& options = {});

/// The one image of a file, uint8 [1, C, H, W], as `Classifier::classify_one` takes it: a PNG file,
/// or whatever `load_inputs` reads that holds one image. Throws what `load_inputs` throws, and
/// Error{kBadData} for several images.
Tensor load_image(const std::string& path);

}  // namespace digitry
