#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace digitry {

/// Number of levels of the colour scales of a confusion matrix; level 0 has no colour.
constexpr int kHeatLevels = 8;

/// The level of an off-diagonal cell: 0 for no images, then logarithmic in the count, so that a
/// single mistake is visible beside a hundred.
int mistake_level(std::int64_t count, std::int64_t largest_count);

/// The level of a diagonal cell, by the recall of its class in [0, 1].
int recall_level(double recall);

/// The largest off-diagonal count of a confusion matrix.
std::int64_t largest_mistake(const std::vector<std::vector<std::int64_t>>& confusion);

/// One map of `occlusion_maps` for display: area-averaged by an integer factor, like thumbnails,
/// and scaled so that the largest magnitude is 1. All 0 if the map is all 0.
struct AttributionPicture {
  std::int64_t width = 0;
  std::int64_t height = 0;
  /// Row by row [height, width]: > 0 is evidence for the answer, < 0 evidence for its rival.
  std::vector<float> strengths;
};

/// `map` has the shape [height, width]; `reduction` is the factor of averaging.
AttributionPicture make_attribution_picture(std::span<const float> map, std::int64_t height,
                                            std::int64_t width, std::int64_t reduction);

enum class EvidenceFor { kAnswer, kRival };
/// Where most of the evidence for the answer or for its rival lies: "upper left", "middle", ...
/// Divides the bounding box of all evidence into 3×3 parts. Empty if there is none.
std::string main_place(const AttributionPicture& picture, EvidenceFor whom);

/// The palette index of a strength in [-1, 1] (0 is index 128), and the palette, RGBA: vermilion
/// for the answer, blue for its rival. Opacity grows with strength, for overlaying a picture.
std::uint8_t attribution_index(float strength);
std::array<std::uint8_t, 1024> attribution_palette();

/// The colour of a strength blended over a faint grey digit: `ink` in 0–255, on `paper` (0 black,
/// 255 white).
std::array<std::uint8_t, 3> attribution_color(float strength, std::uint8_t ink, std::uint8_t paper);

}  // namespace digitry
