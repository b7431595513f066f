#include "digitry/image/decoder.h"

#include <atomic>

#include "digitry/base/error.h"
#include "digitry/image/png.h"

namespace digitry {
namespace {

std::atomic<ImageDecoder> image_decoder{nullptr};

}  // namespace

void set_image_decoder(ImageDecoder decoder) { image_decoder = decoder; }

Image decode_image(std::string_view bytes, const std::string& name) {
  if (const ImageDecoder decoder = image_decoder) return decoder(bytes, name);
  if (!looks_like_png(bytes) && !bytes.empty())
    throw Error(ErrorCode::kBadData,
                "{}: expected a PNG image, found another format; a program that calls "
                "use_picture_decoder (digitry::vision) reads JPEG, BMP, TIFF and WebP, too",
                name);
  return decode_png(bytes, name, {.max_side = kMaxImagePixels, .max_pixels = kMaxImagePixels});
}

}  // namespace digitry
