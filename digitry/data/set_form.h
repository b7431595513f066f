#pragma once

#include <string>

#include "digitry/data/dataset.h"
#include "digitry/image/image_form.h"
#include "digitry/tensor/tensor.h"

// The form of the images of a data set: light or dark, 0 to 255 or 0 to 1. It is decided for all of
// them together, so that images of one set stay comparable.

namespace digitry {

/// The form of the images of a data set, and how they were changed.
struct SetForm {
  /// kLightOnDark or kDarkOnLight if at least nine of ten images (of those that are not blank) are;
  /// kUnclear if they are neither or were not looked at; kBlank if all are blank.
  ImagePolarity polarity = ImagePolarity::kUnclear;
  double share_light_on_dark = 0;  ///< Of the images that are not blank, in [0, 1].
  double share_dark_on_light = 0;  ///< The same.
  bool unit_scale = false;         ///< All pixels are 0 or 1.
  bool mnist_form = false;         ///< At least nine of ten are in MNIST's form (`in_mnist_form`).
  bool inverted = false;           ///< They were made light on dark: 255 - pixel.
  bool rescaled = false;           ///< Pixels of 0 and 1 were multiplied by 255.

  /// What a model that is trained on the images expects, its provenance `image_form`: "mnist",
  /// "light on dark", or "as found" for others.
  std::string name() const;
};

/// Finds the form of images [N,C,H,W], uint8 of one channel; that of other images is unclear. At
/// most 2,000 images, evenly spaced, are looked at.
SetForm find_set_form(const Tensor& images);

/// Brings images to light on dark, 0 to 255, and returns their form and the changes. Images
/// whose form is unclear are left as they are.
SetForm normalize_images(Tensor& images);

/// Whether loaded images are brought to light on dark; `load_dataset` and `load_inputs` do so.
enum class Pixels { kNormalize, kAsFound };

/// `load_dataset` and `load_inputs` with that choice.
Dataset load_dataset(const std::string& name_or_path, Split split, const LoadOptions& options,
                     Pixels pixels);
Dataset load_inputs(const std::string& path, Labels labels, const LoadOptions& options,
                    Pixels pixels);
Dataset load_inputs(ByteStream& stream, const std::string& path, Labels labels,
                    const LoadOptions& options, Pixels pixels);

}  // namespace digitry
