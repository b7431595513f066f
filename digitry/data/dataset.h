#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "digitry/tensor/tensor.h"

namespace digitry {

class ByteStream;

enum class Split { kTrain, kTest };

/// "train" or "test".
const char* to_string(Split split);

/// One split of a data set: grey images and, unless it is to be predicted only, their labels.
struct Dataset {
  Tensor images;                         ///< uint8 [N, C, H, W], ink 255 on background 0 for MNIST.
  std::vector<std::int32_t> labels;      ///< N labels in [0, num_classes), or none at all.
  std::vector<std::string> class_names;  ///< One a class; "0".."9" for MNIST.
  std::string name;                      ///< What the user called it: "mnist" or a path.
  Split split = Split::kTrain;
  std::string sha256;  ///< Hash of the decoded content, lower-case hex: images, then int32 labels.
  std::vector<std::string> sources;  ///< The file of each image, for image files; else none.

  std::int64_t num_images() const { return images.empty() ? 0 : images.shape()[0]; }
  std::int64_t num_classes() const { return static_cast<std::int64_t>(class_names.size()); }
  bool labelled() const { return !labels.empty(); }
  /// [C, H, W] of one image.
  Shape image_shape() const { return images.shape().without_batch(); }
};

/// Loads one split of a data set named or found at `name_or_path`:
///   - "mnist", "fashion-mnist": from the cache, where `fetch_dataset` put it;
///   - a folder with IDX files (raw or .gz, `train-images-idx3-ubyte` or `.idx3-ubyte`);
///   - a folder with `train.csv`/`test.csv` (or .csv.gz) in Kaggle's layout;
///   - a folder of image folders, `root/<class>/*.png`, under `train/` and `test/` or bare;
///   - whatever `load_inputs` takes.
/// A source without splits (one file, bare class folders) answers to either split. A name wins over
/// a file of that name, which is still found as `./mnist`.
///
/// Classes are those of the training split: its labels' maximum + 1, or its folders. A test split
/// may lack some of them, but has no others. Names are "0", "1"...; a folder's own are in its
/// `class_names.txt`, one a line, no two alike.
/// Throws Error{kBadData} naming the file, the rule and what was found; Error{kUnavailable} where a
/// named data set is not in the cache, saying how to fetch it.
Dataset load_dataset(const std::string& name_or_path, Split split);

/// The splits that `name_or_path` tells apart; none for a source without splits (or nothing at
/// all). Throws Error{kIo} where it cannot be looked into.
std::vector<Split> list_splits(const std::string& name_or_path);

/// Whether it has a test split to judge by, unlike Kaggle's, whose test.csv has no labels. Looks at
/// names, and into a CSV file; throws what reading that does.
bool has_labelled_test_split(const std::string& name_or_path);

/// Loads images to be predicted, from one source that need not be labelled: an IDX image file (with
/// the label file beside it, where there is one), a CSV file, a PNG file, a folder of PNG files, or
/// "-", standard input, with any of the three. Files may be gzipped; the content says what they
/// are. Who only wants the images ignores the labels: then those beside an IDX file may be
/// anything.
enum class Labels { kRead, kIgnore };
Dataset load_inputs(const std::string& path, Labels labels = Labels::kRead);

/// The same of a file that is open already, "-" among them, and not yet read.
Dataset load_inputs(ByteStream& stream, const std::string& path, Labels labels);

}  // namespace digitry
