#include "digitry/image/limits.h"

#include <limits>

#include "digitry/base/error.h"
#include "digitry/base/limits.h"

namespace digitry {

void check_image_total(const std::string& name, std::int64_t num_images,
                       std::int64_t bytes_per_image) {
  constexpr std::int64_t kMaxImages = std::numeric_limits<std::int32_t>::max();
  constexpr auto kMaxBytes = static_cast<std::int64_t>(kMaxInputBytes);
  if (num_images > kMaxImages || num_images > kMaxBytes / bytes_per_image)
    throw Error(
        ErrorCode::kBadData,
        "{}: expected at most {} images and {} bytes of pixels, found {} images of {} bytes", name,
        kMaxImages, kMaxBytes, num_images, bytes_per_image);
}

}  // namespace digitry
