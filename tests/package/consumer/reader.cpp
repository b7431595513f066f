#include "digitry/vision/reader.h"

#include <iostream>

#include "digitry/image/png.h"
#include "digitry/vision/decode.h"

// Reads a page with a bar on it, with a classifier that returns class 1 for everything.

int main() {
  digitry::Image page{100, 80, 1, std::vector<std::uint8_t>(8000, 240)};
  for (int y = 20; y < 80; ++y)
    for (int x = 36; x < 44; ++x) page.pixels[static_cast<std::size_t>(y * 80 + x)] = 20;
  const digitry::DigitClassifier ones = [](const digitry::Tensor& images) {
    return std::vector<digitry::DigitPrediction>(static_cast<std::size_t>(images.shape()[0]),
                                                 {{0, 1}, 1});
  };
  const digitry::Image decoded = digitry::decode_picture(digitry::encode_png(page), "a page");
  const digitry::Reading reading = digitry::read_digits(decoded, ones);
  const std::string text = digitry::to_text(reading, {"0", "1"});
  std::cout << text << ", " << digitry::annotate(page, reading, {"0", "1"}).pixels.size()
            << " bytes drawn\n";
  return text == "1" ? 0 : 1;
}
