#pragma once

#include <cstddef>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "digitry/tensor/tensor.h"

namespace digitry::serving {

/// Digits whose true class somebody has told, as a data set: folders CLASS/*.png, as `load_dataset`
/// takes them. May be used from several threads.
class Corrections {
 public:
  /// More are not kept.
  static constexpr std::size_t kMaxImages = 100'000;

  /// Makes the folder where there is none. Throws Error{kIo}.
  explicit Corrections(std::filesystem::path folder, std::size_t max_images = kMaxImages);

  /// Keeps `image`, uint8 [1,1,H,W], as one of `label`, and no longer as one of another class. The
  /// file's path below the folder: the name is made of the pixels, so that the same image is there
  /// once. Only classes with images have a folder, as `load_dataset` wants it.
  /// Throws Error{kBadData} where `label` is none of `class_names` or cannot be the name of a
  /// folder, Error{kShapeMismatch} where the image is not grey, Error{kUnavailable} where there are
  /// too many already or the folder is of other classes, Error{kIo}.
  std::string save(const Tensor& image, const std::string& label,
                   const std::vector<std::string>& class_names);

 private:
  void check_classes(const std::vector<std::string>& class_names) const;
  void remove(const std::string& label, const std::string& file);

  const std::filesystem::path folder_;
  const std::size_t max_images_;
  std::mutex mutex_;
  std::size_t num_images_ = 0;
};

}  // namespace digitry::serving
