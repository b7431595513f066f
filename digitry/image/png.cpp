#include "digitry/image/png.h"

#include <png.h>

#include <array>

#include "digitry/base/error.h"

namespace digitry {
namespace {

constexpr std::string_view kPngMagic = "\x89PNG\r\n\x1a\n";
constexpr std::int64_t kMaxEncodedSide = 65'535;

// libpng's simplified interface, which needs no setjmp in its callers.
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

Error damaged(const std::string& name, PngImage& png) {
  return {ErrorCode::kBadData, "{}: expected a valid PNG image, found an error: {}", name,
          png->message};
}

// libpng allocates some chunks by their announced length, up to 2 GiB, before it finds out that the
// file is shorter. So lengths are checked first. Bytes after IEND are ignored, as libpng does.
void check_chunks(std::string_view bytes, const std::string& name) {
  constexpr std::size_t kFraming = 12;  // length, type and checksum
  for (std::size_t at = kPngMagic.size(); at + kFraming <= bytes.size();) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i)
      length = length << 8 | static_cast<unsigned char>(bytes[at + i]);
    const std::string_view type = bytes.substr(at + 4, 4);
    if (length > bytes.size() - at - kFraming)
      throw Error(ErrorCode::kBadData,
                  "{}: expected a valid PNG image, found a chunk of {} bytes, longer than the file",
                  name, length);
    if (type == "IEND") return;
    at += kFraming + length;
  }
}

// Reads the header and checks the size.
void begin(PngImage& png, std::string_view bytes, const std::string& name,
           const PngLimits& limits) {
  if (!looks_like_png(bytes))
    throw Error(ErrorCode::kBadData, "{}: expected a PNG image, found {}", name,
                bytes.empty() ? "an empty file" : "another signature");
  check_chunks(bytes, name);
  if (!png_image_begin_read_from_memory(png.get(), bytes.data(), bytes.size()))
    throw damaged(name, png);
  // Else libpng takes 16-bit values without a gAMA chunk for linear light, and makes them brighter.
  png->flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  const std::int64_t height = png->height;
  const std::int64_t width = png->width;
  if (width > limits.max_side || height > limits.max_side)
    throw Error(ErrorCode::kBadData, "{}: expected at most {} pixels per side, found {}x{}", name,
                limits.max_side, width, height);
  if (height > limits.max_pixels / width)
    throw Error(ErrorCode::kBadData,
                "{}: expected an image of at most {} pixels, found {}x{}; reduce its size first",
                name, limits.max_pixels, width, height);
}

// `format` is a constant of libpng. Images with a palette have one channel.
std::string encode(const char* function, std::uint32_t format, const Image& image,
                   const std::uint8_t* palette) {
  const std::int64_t channels = palette != nullptr ? 1 : PNG_IMAGE_SAMPLE_CHANNELS(format);
  if (image.width < 1 || image.height < 1 || image.width > kMaxEncodedSide ||
      image.height > kMaxEncodedSide || image.channels != channels ||
      static_cast<std::int64_t>(image.pixels.size()) != image.width * image.height * channels) {
    throw Error(ErrorCode::kInvalidArgument,
                "{}: expected {} bytes per pixel and sides of 1 to {} pixels, got {} bytes for "
                "{}x{} pixels of {} channels",
                function, channels, kMaxEncodedSide, image.pixels.size(), image.width, image.height,
                image.channels);
  }
  PngImage png;
  png->width = static_cast<png_uint_32>(image.width);
  png->height = static_cast<png_uint_32>(image.height);
  png->format = format;
  png->colormap_entries = palette == nullptr ? 0 : 256;
  std::string bytes(PNG_IMAGE_PNG_SIZE_MAX(*png.get()), '\0');
  png_alloc_size_t length = bytes.size();
  if (!png_image_write_to_memory(png.get(), bytes.data(), &length, 0, image.pixels.data(), 0,
                                 palette))
    throw Error(ErrorCode::kInvalidArgument, "{}: {}", function, png->message);
  bytes.resize(length);
  return bytes;
}

}  // namespace

bool looks_like_png(std::string_view start) { return start.starts_with(kPngMagic); }

Image decode_png(std::string_view bytes, const std::string& name, const PngLimits& limits) {
  PngImage png;
  begin(png, bytes, name, limits);
  const bool alpha = (png->format & PNG_FORMAT_FLAG_ALPHA) != 0;
  const bool color = (png->format & PNG_FORMAT_FLAG_COLOR) != 0;
  png->format = alpha ? PNG_FORMAT_RGBA : color ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  Image image{png->height, png->width, PNG_IMAGE_SAMPLE_CHANNELS(png->format), {}};
  image.pixels.resize(PNG_IMAGE_SIZE(*png.get()));
  if (!png_image_finish_read(png.get(), nullptr, image.pixels.data(), 0, nullptr))
    throw damaged(name, png);
  return image;
}

Image decode_grey_png(std::string_view bytes, const std::string& name) {
  return to_grey(decode_png(bytes, name));
}

std::string encode_png(const Image& image) {
  const std::uint32_t format = image.channels == 3   ? PNG_FORMAT_RGB
                               : image.channels == 4 ? PNG_FORMAT_RGBA
                                                     : PNG_FORMAT_GRAY;
  return encode("encode_png", format, image, nullptr);
}

std::string encode_ink_png(const Image& ink) {
  // A palette whose entry i is black of opacity i.
  std::array<std::uint8_t, 512> palette{};
  for (std::size_t i = 0; i < 256; ++i) palette[2 * i + 1] = static_cast<std::uint8_t>(i);
  return encode("encode_ink_png", PNG_FORMAT_GA | PNG_FORMAT_FLAG_COLORMAP, ink, palette.data());
}

std::string encode_palette_png(const Image& indices, std::span<const std::uint8_t, 1024> palette) {
  return encode("encode_palette_png", PNG_FORMAT_RGBA | PNG_FORMAT_FLAG_COLORMAP, indices,
                palette.data());
}

}  // namespace digitry
