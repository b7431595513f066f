#include "digitry/report/explanation_png.h"

#include <algorithm>

#include "digitry/image/png.h"

namespace digitry {
namespace {

constexpr std::int64_t kEnlargedSide = 112;
constexpr std::int64_t kPictureGap = 8;
constexpr std::uint8_t kPaper = 255;

}  // namespace

std::string encode_explanation_png(const Image& image, const AttributionPicture& attribution,
                                   const std::vector<Image>& nearest) {
  const std::int64_t zoom =
      std::max<std::int64_t>(1, kEnlargedSide / std::max(image.width, image.height));
  const std::int64_t pitch = image.width * zoom + kPictureGap;
  const std::int64_t width = pitch * (2 + std::ssize(nearest)) + kPictureGap;
  const std::int64_t height = image.height * zoom + 2 * kPictureGap;
  Image result{height, width, 3, {}};
  result.pixels.assign(static_cast<std::size_t>(3 * width * height), kPaper);
  const auto paint = [&](std::int64_t place, const auto& color_at) {
    for (std::int64_t y = 0; y < image.height * zoom; ++y)
      for (std::int64_t x = 0; x < image.width * zoom; ++x) {
        const auto color = color_at(static_cast<std::size_t>(y / zoom * image.width + x / zoom));
        const std::int64_t at = (kPictureGap + y) * width + kPictureGap + place * pitch + x;
        std::ranges::copy(color, result.pixels.begin() + 3 * at);
      }
  };
  const auto grey = [](std::uint8_t ink) {
    const auto light = static_cast<std::uint8_t>(kPaper - ink);
    return std::array{light, light, light};
  };
  paint(0, [&](std::size_t i) { return grey(image.pixels[i]); });
  paint(1, [&](std::size_t i) {
    return attribution_color(attribution.strengths[i], image.pixels[i], kPaper);
  });
  for (std::size_t n = 0; n < nearest.size(); ++n)
    paint(static_cast<std::int64_t>(n) + 2,
          [&](std::size_t i) { return grey(nearest[n].pixels[i]); });
  return encode_png(result);
}

}  // namespace digitry
