#pragma once

#include <cstdint>
#include <string>

#include "digitry/base/attributes.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// Test-time augmentation: in which ways a model looks at each image, once as it is and once for
/// each change that is on.
struct TestTimeAugmentation {
  double translation = 0;  ///< Pixels; 4 views: moved so far left, right, up and down.
  double rotation = 0;     ///< Degrees; 2 views: turned so far either way.
  double zoom = 0;         ///< 2 views: both sides times 1 − zoom and 1 + zoom.
  bool flip = false;       ///< 1 view: left and right have changed places.

  bool operator==(const TestTimeAugmentation&) const = default;
};

/// How many views there are of each image: 1 to 10.
std::int64_t num_views(const TestTimeAugmentation& views);

/// Reads the fields by their names, as in the `[views]` table of a recipe.
/// Throws Error{kBadData} that begins with `where` for unknown keys, and unless translation is in
/// [0, 1000], rotation in [0, 180], zoom in [0, 0.9] and flip true or false.
TestTimeAugmentation read_test_time_augmentation(const Attributes& options,
                                                 const std::string& where);

/// The inverse: the fields that are not off.
Attributes to_attributes(const TestTimeAugmentation& views);

/// `images` (uint8 [N, C, H, W]) as the view number `view` shows them: bilinear about the centre,
/// zeros outside, rounded. View 0 is the images as they are. Expects `view` in [0, num_views).
/// Spread over threads.
Tensor view_of(const Tensor& images, const TestTimeAugmentation& views, std::int64_t view);

}  // namespace digitry
