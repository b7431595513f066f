#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "digitry/image/image_form.h"
#include "digitry/model_io/trained_form.h"
#include "digitry/serving/inference/inference_protocol.h"

namespace digitry::serving {
namespace {

template <typename Pixel>
void normalize(std::span<Pixel> pixels, ImageSize size, bool one_channel,
               InferenceRequest& request) {
  const Pixel lightest = std::ranges::max(pixels);
  request.rescaled = lightest > 0 && lightest <= 1;
  if (request.rescaled)
    for (Pixel& pixel : pixels) pixel = static_cast<Pixel>(255 * pixel);
  if (!one_channel) return;
  const auto area = static_cast<std::size_t>(size.height * size.width);
  std::vector<std::uint8_t> rounded(area);
  for (std::size_t begin = 0; begin < pixels.size(); begin += area) {
    const std::span<Pixel> image = pixels.subspan(begin, area);
    std::ranges::transform(image, rounded.begin(), [](Pixel pixel) {
      return static_cast<std::uint8_t>(std::lround(static_cast<float>(pixel)));
    });
    const ImagePolarity polarity = find_polarity(rounded, size);
    if (polarity == ImagePolarity::kBlank)
      request.blank_images.push_back(static_cast<std::int64_t>(begin / area));
    if (polarity != ImagePolarity::kDarkOnLight) continue;
    for (Pixel& pixel : image) pixel = static_cast<Pixel>(255 - pixel);
    ++request.num_inverted;
  }
}

}  // namespace

void normalize_images(InferenceRequest& request, const Model& model) {
  if (!expects_light_on_dark(model)) return;
  const Shape& shape = request.images.shape();
  const ImageSize size{shape[2], shape[3]};
  if (request.images.dtype() == DType::kF32)
    normalize(request.images.as<float>(), size, shape[1] == 1, request);
  else
    normalize(request.images.as<std::uint8_t>(), size, shape[1] == 1, request);
}

}  // namespace digitry::serving
