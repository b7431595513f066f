#pragma once

#include <cstddef>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "digitry/tensor/tensor.h"

namespace digitry::serving {

/// Digits with the class that a user has given, kept as a data set: folders CLASS/*.png, which
/// `load_dataset` reads. Thread-safe.
class Corrections {
 public:
  /// Largest number of images kept.
  static constexpr std::size_t kMaxImages = 100'000;

  /// Makes the folder if it is missing. Throws Error{kIo}.
  explicit Corrections(std::filesystem::path folder, std::size_t max_images = kMaxImages);

  /// Keeps `image`, uint8 [1, 1, H, W], in the class `label`, and removes it from all other
  /// classes. Returns the file's path below the folder, "CLASS/NAME.png". NAME is a hash of the
  /// pixels, so each image is kept once. Only classes with images have a folder, as `load_dataset`
  /// requires.
  ///
  /// `replaces` is the path that an earlier call returned for another image of the same digit, or
  /// empty. That image is removed; it is no error if it is already gone.
  ///
  /// Throws Error{kBadData} if `label` is not in `class_names` or cannot be the name of a folder,
  /// or if `replaces` is not such a path; Error{kShapeMismatch} if the image is not grey;
  /// Error{kUnavailable} if there are too many images or the folder has other classes; Error{kIo}.
  std::string save(const Tensor& image, const std::string& label,
                   const std::vector<std::string>& class_names, const std::string& replaces = "");

 private:
  void check_classes(const std::vector<std::string>& class_names) const;
  void remove(const std::string& label, const std::string& file);

  const std::filesystem::path folder_;
  const std::size_t max_images_;
  std::mutex mutex_;
  std::size_t num_images_ = 0;
};

}  // namespace digitry::serving
