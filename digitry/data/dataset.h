#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "digitry/tensor/tensor.h"

namespace digitry {

enum class Split { kTrain, kTest };

/// "train" or "test".
const char* to_string(Split split);

/// One split of a data set: grey images and, unless it is to be predicted only, their labels.
struct Dataset {
  Tensor images;                     ///< uint8 [N, C, H, W], ink 255 on background 0 for MNIST.
  std::vector<std::int32_t> labels;  ///< N labels in [0, num_classes), or none at all.
  std::vector<std::string> class_names;  ///< One a class; "0".."9" for MNIST.
  std::string name;                  ///< What the user called it: "mnist" or a path.
  Split split = Split::kTrain;
  std::string sha256;  ///< Hash of the decoded content (images, then labels), lower-case hex.

  std::int64_t num_images() const { return images.empty() ? 0 : images.shape()[0]; }
  std::int64_t num_classes() const { return static_cast<std::int64_t>(class_names.size()); }
  bool labelled() const { return !labels.empty(); }
  /// [C, H, W] of one image.
  Shape image_shape() const { return images.shape().without_batch(); }
};

/// Loads one split of a data set named or found at `name_or_path`:
///   - "mnist", "fashion-mnist": from the cache, where `fetch_dataset` put it;
///   - a folder with IDX files (raw or .gz, `train-images-idx3-ubyte` or `.idx3-ubyte`);
///   - a folder with `train.csv`/`test.csv`, or one CSV file, in Kaggle's layout;
///   - a folder of image folders, `root/<class>/*.png`, under `train/` and `test/` or bare;
///   - one IDX image file (its label file beside it, where there is one).
/// A source without splits (one file, bare class folders) answers to either split.
/// Throws Error{kBadData} naming the file, the rule and what was found; Error{kUnavailable} where a
/// named data set is not in the cache, saying how to fetch it.
Dataset load_dataset(const std::string& name_or_path, Split split);

}  // namespace digitry
