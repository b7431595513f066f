#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace digitry {

/// Steps of the colour scales of a confusion matrix; level 0 is no colour.
constexpr int kHeatLevels = 8;

/// The level of a wrong cell: 0 for none, then by the logarithm of the count, so that one mistake
/// beside a hundred is still seen.
int mistake_level(std::int64_t count, std::int64_t largest_count);

/// The level of a right cell, by the class' recall.
int recall_level(double recall);

/// The most frequent mistake of a confusion matrix.
std::int64_t largest_mistake(const std::vector<std::vector<std::int64_t>>& confusion);

/// One map of `occlusion_maps` made fit to be shown: area-averaged by a whole factor, as thumbnails
/// are, and scaled so that the largest magnitude is 1. All 0 where nothing spoke.
struct AttributionPicture {
  std::int64_t width = 0;
  std::int64_t height = 0;
  /// Row by row: > 0 for what spoke for the answer, < 0 for its rival.
  std::vector<float> strengths;
};

/// `map` is row by row [height, width].
AttributionPicture make_attribution_picture(std::span<const float> map, std::int64_t height,
                                            std::int64_t width, std::int64_t reduction);

/// In which ninth of what speaks at all (of its bounding box) the most speaks for the answer, or
/// for its rival: "upper left", "middle", ...; empty where nothing does.
enum class SpokeFor { kAnswer, kRival };
std::string main_place(const AttributionPicture& picture, SpokeFor whom);

/// The palette index of a strength in [-1, 1], and the palette: vermilion for the answer, blue for
/// its rival, the more opaque the stronger, so that it can be laid over a picture. 128 is nothing.
std::uint8_t attribution_index(float strength);
std::array<std::uint8_t, 1024> attribution_palette();

/// The same laid over a digit in a faint grey: `ink` 0 to 255 on `paper` (0 black, 255 white).
std::array<std::uint8_t, 3> attribution_color(float strength, std::uint8_t ink, std::uint8_t paper);

}  // namespace digitry
