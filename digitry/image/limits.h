#pragma once

#include <cstdint>
#include <string>

namespace digitry {

/// Height and width of an image in pixels.
struct ImageSize {
  std::int64_t height = 0;
  std::int64_t width = 0;
  bool operator==(const ImageSize&) const = default;
};

/// Images of more pixels a side are refused, in every format: a digit needs no more.
inline constexpr std::int64_t kMaxImageSide = 4096;
inline constexpr std::int64_t kMaxImageChannels = 16;

/// Longer PNG files are refused.
inline constexpr std::uint64_t kMaxPngBytes = std::uint64_t{64} << 20;

/// Refuses more images than int32 indices count (2^31 - 1) or than `kMaxInputBytes` hold, before
/// memory is taken for them: Error{kBadData} that begins with `name`.
void check_image_total(const std::string& name, std::int64_t num_images,
                       std::int64_t bytes_per_image);

}  // namespace digitry
