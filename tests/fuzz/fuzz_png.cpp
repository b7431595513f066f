#include "digitry/image/png.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace digitry;
  return fuzz::run(data, size, [](std::string_view bytes) {
    const Image image = decode_grey_png(bytes, "input");
    fuzz::require(image.pixels.size() == static_cast<std::size_t>(image.height * image.width));
  });
}
