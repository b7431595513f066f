#pragma once

#include "digitry/augment/test_time_augmentation.h"
#include "digitry/image/image.h"
#include "digitry/image/warp.h"

namespace digitry {

/// The map from the pixels of view number `view` to those of the image, which `view_of` applies.
/// Expects `view` in [0, num_views).
warp::AffineMap map_of_view(const TestTimeAugmentation& views, std::int64_t view, ImageSize size);

}  // namespace digitry
