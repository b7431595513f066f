#include "digitry/data/png.h"

#include <png.h>

#include "digitry/base/error.h"
#include "digitry/data/image_limits.h"

namespace digitry {
namespace {

constexpr std::string_view kPngMagic = "\x89PNG\r\n\x1a\n";

// libpng's simplified interface, which keeps its own longjmp to itself.
class PngImage {
 public:
  PngImage() { image_.version = PNG_IMAGE_VERSION; }
  ~PngImage() { png_image_free(&image_); }
  PngImage(const PngImage&) = delete;
  PngImage& operator=(const PngImage&) = delete;
  png_image* operator->() { return &image_; }
  png_image* get() { return &image_; }

 private:
  png_image image_{};
};

}  // namespace

bool looks_like_png(std::string_view start) { return start.starts_with(kPngMagic); }

GreyImage decode_png(std::string_view bytes, const std::string& name) {
  if (!looks_like_png(bytes))
    throw Error(ErrorCode::kBadData, "{}: want a PNG image, found {}", name,
                bytes.empty() ? "an empty file" : "other bytes at its start");
  PngImage png;
  const auto fail = [&] {
    return Error(ErrorCode::kBadData, "{}: want a sound PNG image, found: {}", name, png->message);
  };
  if (!png_image_begin_read_from_memory(png.get(), bytes.data(), bytes.size())) throw fail();
  if (png->width > kMaxImageSide || png->height > kMaxImageSide)
    throw Error(ErrorCode::kBadData, "{}: want at most {} pixels a side, found {}x{}", name,
                kMaxImageSide, png->width, png->height);
  png->format = PNG_FORMAT_GRAY;
  GreyImage image{{png->height, png->width}, std::vector<std::uint8_t>(PNG_IMAGE_SIZE(*png.get()))};
  const png_color black{0, 0, 0};
  if (!png_image_finish_read(png.get(), &black, image.pixels.data(), 0, nullptr)) throw fail();
  return image;
}

std::string encode_png(const GreyImage& image) {
  PngImage png;
  png->width = static_cast<png_uint_32>(image.size.width);
  png->height = static_cast<png_uint_32>(image.size.height);
  png->format = PNG_FORMAT_GRAY;
  if (image.pixels.size() != PNG_IMAGE_SIZE(*png.get()))
    throw Error(ErrorCode::kInvalidArgument, "encode_png: want {} pixels, got {}",
                PNG_IMAGE_SIZE(*png.get()), image.pixels.size());
  std::string bytes(PNG_IMAGE_PNG_SIZE_MAX(*png.get()), '\0');
  png_alloc_size_t length = bytes.size();
  if (!png_image_write_to_memory(png.get(), bytes.data(), &length, 0, image.pixels.data(), 0,
                                 nullptr))
    throw Error(ErrorCode::kInvalidArgument, "encode_png: {}", png->message);
  bytes.resize(length);
  return bytes;
}

}  // namespace digitry
