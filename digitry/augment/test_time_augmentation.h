#pragma once

#include <cstdint>
#include <string>

#include "digitry/base/attributes.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// Test-time augmentation: a model classifies several views of each image, the unchanged image and
/// one or more views per option that is on, and averages the probabilities.
struct TestTimeAugmentation {
  double translation = 0;  ///< Pixels; 4 views, moved left, right, up and down by this distance.
  double rotation = 0;     ///< Degrees; 2 views, rotated by this angle in both directions.
  double zoom = 0;         ///< 2 views, with both sides scaled by 1 − zoom and by 1 + zoom.
  bool flip = false;       ///< 1 view, flipped horizontally.

  bool operator==(const TestTimeAugmentation&) const = default;
};

/// The number of views of each image: 1 to 10.
std::int64_t num_views(const TestTimeAugmentation& views);

/// Reads the fields by name, as in the `[views]` table of a recipe. Throws Error{kBadData}, whose
/// message begins with `where`, for unknown keys, and unless translation is in [0, 1000], rotation
/// in [0, 180], zoom in [0, 0.9] and flip a boolean.
TestTimeAugmentation read_test_time_augmentation(const Attributes& options,
                                                 const std::string& where);

/// The inverse: the options that are on.
Attributes to_attributes(const TestTimeAugmentation& views);

/// View number `view` of `images` (uint8 [N, C, H, W]), in the same shape: transformed about the
/// centre, bilinear, zero outside the image, rounded. View 0 is the unchanged images. Expects
/// `view` in [0, num_views). Uses all threads.
Tensor view_of(const Tensor& images, const TestTimeAugmentation& views, std::int64_t view);

}  // namespace digitry
