#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>

#include "digitry/vision/decode.h"

namespace digitry {
namespace {

// Largest allocation of libtiff, for a strip or a tile: 256 MiB.
constexpr tmsize_t kMaxTiffBlock = tmsize_t{1} << 28;

// A file in memory, and the first error message of libtiff.
struct TiffMemory {
  std::string_view bytes;
  std::uint64_t at = 0;
  std::array<char, 256> message{};
};

TiffMemory& memory_of(thandle_t handle) { return *static_cast<TiffMemory*>(handle); }

tmsize_t read_tiff(thandle_t handle, void* to, tmsize_t count) {
  TiffMemory& memory = memory_of(handle);
  if (memory.at >= memory.bytes.size() || count <= 0) return 0;
  const std::uint64_t left = memory.bytes.size() - memory.at;
  const std::uint64_t length = std::min(left, static_cast<std::uint64_t>(count));
  std::memcpy(to, memory.bytes.data() + memory.at, length);
  memory.at += length;
  return static_cast<tmsize_t>(length);
}

tmsize_t write_tiff(thandle_t, void*, tmsize_t) { return 0; }

toff_t seek_tiff(thandle_t handle, toff_t offset, int whence) {
  TiffMemory& memory = memory_of(handle);
  const std::uint64_t from = whence == SEEK_CUR   ? memory.at
                             : whence == SEEK_END ? memory.bytes.size()
                                                  : 0;
  return memory.at = from + offset;
}

int close_tiff(thandle_t) { return 0; }

toff_t size_of_tiff(thandle_t handle) { return memory_of(handle).bytes.size(); }

int keep_message(TIFF*, void* user, const char*, const char* format, va_list arguments) {
  auto& message = static_cast<TiffMemory*>(user)->message;
  if (message[0] == '\0') std::vsnprintf(message.data(), message.size(), format, arguments);
  return 1;
}

int drop_warning(TIFF*, void*, const char*, const char*, va_list) { return 1; }

struct CloseTiff {
  void operator()(TIFF* file) const { TIFFClose(file); }
};
using TiffFile = std::unique_ptr<TIFF, CloseTiff>;

TiffFile open_tiff(TiffMemory& memory) {
  const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(
      TIFFOpenOptionsAlloc(), TIFFOpenOptionsFree);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), kMaxTiffBlock);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keep_message, &memory);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), drop_warning, nullptr);
  // "m": do not map the file into memory.
  return TiffFile(TIFFClientOpenExt("picture", "rm", &memory, read_tiff, write_tiff, seek_tiff,
                                    close_tiff, size_of_tiff, nullptr, nullptr, options.get()));
}

// On white paper. libtiff's colours are already multiplied by the opacity.
Image on_white(std::int64_t height, std::int64_t width, const std::vector<std::uint32_t>& raster) {
  Image picture{height, width, 3, {}};
  picture.pixels.reserve(raster.size() * 3);
  for (const std::uint32_t pixel : raster) {
    const std::uint32_t paper = 255 - TIFFGetA(pixel);
    for (const std::uint32_t light : {TIFFGetR(pixel), TIFFGetG(pixel), TIFFGetB(pixel)})
      picture.pixels.push_back(static_cast<std::uint8_t>(std::min(light + paper, 255U)));
  }
  return picture;
}

}  // namespace

int codecs::count_tiff_pages(std::string_view bytes) {
  TiffMemory memory{.bytes = bytes};
  const TiffFile file = open_tiff(memory);
  int pages = file ? 1 : 0;
  while (pages != 0 && pages < kMostPages && TIFFReadDirectory(file.get()) == 1) ++pages;
  return pages;
}

Image codecs::decode_tiff(const Source& source) {
  TiffMemory memory{.bytes = source.bytes};
  const auto fail = [&] {
    return damaged(source, memory.message[0] == '\0' ? "contents that libtiff does not support"
                                                     : memory.message.data());
  };
  const TiffFile file = open_tiff(memory);
  if (!file) throw fail();
  if (source.page != 0 &&
      TIFFSetDirectory(file.get(), static_cast<std::uint16_t>(source.page)) != 1)
    throw fail();
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  if (TIFFGetField(file.get(), TIFFTAG_IMAGEWIDTH, &width) != 1 ||
      TIFFGetField(file.get(), TIFFTAG_IMAGELENGTH, &height) != 1)
    throw damaged(source, "no width or height");
  check_extent(source, height, width);
  std::uint16_t orientation = ORIENTATION_TOPLEFT;
  TIFFGetFieldDefaulted(file.get(), TIFFTAG_ORIENTATION, &orientation);
  std::vector<std::uint32_t> raster(std::size_t{height} * width);
  // Requesting the stored orientation keeps libtiff from rotating; `upright` rotates.
  if (TIFFReadRGBAImageOriented(file.get(), width, height, raster.data(), orientation, 1) != 1)
    throw fail();
  return upright(on_white(height, width, raster), orientation);
}

}  // namespace digitry
