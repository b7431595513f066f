#include "digitry/data/set_form.h"

#include <algorithm>
#include <cstdint>
#include <span>

#include "digitry/image/image.h"

namespace digitry {
namespace {

constexpr std::int64_t kMaxLookedAt = 2000;
constexpr double kMost = 0.9;

// The pixels of every `step`-th image, from the first.
template <typename Look>
void look_at_some(const Tensor& images, const Look& look) {
  const std::int64_t count = images.shape()[0];
  const std::int64_t step = (count + kMaxLookedAt - 1) / kMaxLookedAt;
  const auto length = static_cast<std::size_t>(images.shape().without_batch().num_elements());
  const auto pixels = images.as<std::uint8_t>();
  for (std::int64_t i = 0; i < count; i += step)
    look(pixels.subspan(static_cast<std::size_t>(i) * length, length));
}

bool in_unit_scale(const Tensor& images) {
  std::uint8_t lightest = 0;
  look_at_some(images, [&](std::span<const std::uint8_t> pixels) {
    lightest = std::max(lightest, std::ranges::max(pixels));
  });
  return lightest <= 1 && has_unit_scale(images.as<std::uint8_t>());
}

template <typename Change>
void change(Tensor& images, const Change& pixel_of) {
  for (std::uint8_t& pixel : images.as<std::uint8_t>())
    pixel = static_cast<std::uint8_t>(pixel_of(pixel));
}

void find_polarities(const Tensor& images, SetForm& form) {
  const ImageSize size{images.shape()[2], images.shape()[3]};
  double light = 0, dark = 0, blank = 0, all = 0;
  look_at_some(images, [&](std::span<const std::uint8_t> pixels) {
    const ImagePolarity polarity = find_polarity(pixels, size);
    ++all;
    light += polarity == ImagePolarity::kLightOnDark ? 1 : 0;
    dark += polarity == ImagePolarity::kDarkOnLight ? 1 : 0;
    blank += polarity == ImagePolarity::kBlank ? 1 : 0;
  });
  if (blank == all) {
    form.polarity = ImagePolarity::kBlank;
    return;
  }
  form.share_light_on_dark = light / (all - blank);
  form.share_dark_on_light = dark / (all - blank);
  if (form.share_light_on_dark >= kMost) form.polarity = ImagePolarity::kLightOnDark;
  if (form.share_dark_on_light >= kMost) form.polarity = ImagePolarity::kDarkOnLight;
}

bool most_in_mnist_form(const Tensor& images) {
  Image image{images.shape()[2], images.shape()[3], 1, {}};
  if (image.height != kMnistSide || image.width != kMnistSide) return false;
  double in_form = 0, all = 0;
  look_at_some(images, [&](std::span<const std::uint8_t> pixels) {
    image.pixels.assign(pixels.begin(), pixels.end());
    in_form += in_mnist_form(image) ? 1 : 0;
    ++all;
  });
  return in_form >= kMost * all;
}

}  // namespace

std::string SetForm::name() const {
  if (mnist_form) return "mnist";
  return polarity == ImagePolarity::kLightOnDark || inverted ? "light on dark" : "as found";
}

SetForm find_set_form(const Tensor& images) {
  SetForm form;
  if (images.dtype() != DType::kU8 || images.shape().rank() != 4 || images.shape()[1] != 1)
    return form;
  form.unit_scale = in_unit_scale(images);
  if (!form.unit_scale) find_polarities(images, form);
  form.mnist_form = form.polarity == ImagePolarity::kLightOnDark && most_in_mnist_form(images);
  return form;
}

SetForm normalize_images(Tensor& images) {
  SetForm form = find_set_form(images);
  if (form.unit_scale) {
    change(images, [](int pixel) { return 255 * pixel; });
    form = find_set_form(images);
    form.unit_scale = true;
    form.rescaled = true;
  }
  form.inverted = form.polarity == ImagePolarity::kDarkOnLight;
  if (form.inverted) {
    change(images, [](int pixel) { return 255 - pixel; });
    form.mnist_form = most_in_mnist_form(images);
  }
  return form;
}

}  // namespace digitry
