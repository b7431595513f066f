#include "digitry/vision/decode.h"
#include "digitry/vision/reader.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

// Any predictions do, as long as there is one per image.
std::vector<digitry::DigitPrediction> classify(const digitry::Tensor& images) {
  std::vector<digitry::DigitPrediction> predictions;
  const auto pixels = images.as<std::uint8_t>();
  for (std::size_t i = 0; i < pixels.size(); i += 784)
    predictions.push_back({.probabilities = {0.5F, 0.5F},
                           .score = pixels[i + 400] / 255.0,
                           .rejected = pixels[i + 380] <= 128});
  return predictions;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace digitry;
  return fuzz::run(data, size, [](std::string_view bytes) {
    constexpr std::int64_t kMaxPixels = 1 << 16;
    const Image picture = decode_picture(bytes, "input", kMaxPixels);
    check_image(picture);
    fuzz::require(picture.height * picture.width <= kMaxPixels);
    // Reading is slow, and large pictures are not better inputs than small ones.
    if (picture.pixels.size() > 1 << 12) return;
    const Reading reading = read_digits(picture, classify);
    for (const ReadDigit& digit : reading.digits)
      fuzz::require(digit.box.left >= 0 && digit.box.width >= 1 &&
                    digit.box.left + digit.box.width <= picture.width && digit.box.top >= 0 &&
                    digit.box.height >= 1 && digit.box.top + digit.box.height <= picture.height);
  });
}
