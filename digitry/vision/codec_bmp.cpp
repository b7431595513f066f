#include <array>
#include <bit>
#include <cstddef>

#include "digitry/vision/decode.h"

// Source: Microsoft, "Bitmap Storage" (BITMAPFILEHEADER and the BITMAPINFOHEADER family).

namespace digitry {
namespace {

constexpr std::size_t kFileHeaderBytes = 14;
constexpr std::size_t kOldHeaderBytes = 12;  // BITMAPCOREHEADER
constexpr std::uint32_t kPlain = 0;          // BI_RGB
constexpr std::uint32_t kBitFields = 3;      // BI_BITFIELDS
constexpr std::uint32_t kAlphaFields = 6;    // BI_ALPHABITFIELDS

struct BmpHeader {
  std::int64_t height = 0;
  std::int64_t width = 0;
  bool from_below = true;
  std::size_t bits = 0;  // per pixel
  std::uint32_t compression = kPlain;
  std::size_t pixels_at = 0;
  std::size_t palette_at = 0;
  std::size_t palette_entry = 4;
  std::size_t palette_size = 0;
  std::array<std::uint32_t, 3> masks{};
};

class BmpBytes {
 public:
  explicit BmpBytes(const codecs::Source& source) : source_(source) {}

  std::uint32_t number(std::size_t at, std::size_t length) const {
    if (at > source_.bytes.size() || source_.bytes.size() - at < length)
      throw codecs::damaged(source_, "a truncated file");
    std::uint32_t value = 0;
    for (std::size_t i = length; i > 0; --i)
      value = value << 8 | static_cast<unsigned char>(source_.bytes[at + i - 1]);
    return value;
  }

 private:
  const codecs::Source& source_;
};

void read_bmp_sizes(const BmpBytes& bytes, bool old, BmpHeader& header) {
  if (old) {
    header.width = bytes.number(18, 2);
    header.height = bytes.number(20, 2);
    header.bits = bytes.number(24, 2);
    header.palette_entry = 3;
    return;
  }
  const auto height = static_cast<std::int32_t>(bytes.number(22, 4));
  header.width = static_cast<std::int32_t>(bytes.number(18, 4));
  header.from_below = height >= 0;
  header.height = height < 0 ? -std::int64_t{height} : height;
  header.bits = bytes.number(28, 2);
  header.compression = bytes.number(30, 4);
  header.palette_size = bytes.number(46, 4);
}

void read_bmp_masks(const BmpBytes& bytes, BmpHeader& header) {
  if (header.compression == kBitFields || header.compression == kAlphaFields) {
    for (std::size_t c = 0; c < 3; ++c)
      header.masks[c] = bytes.number(kFileHeaderBytes + 40 + 4 * c, 4);
  } else if (header.bits == 16) {
    header.masks = {0x7C00, 0x03E0, 0x001F};
  } else {
    header.masks = {0xFF0000, 0xFF00, 0xFF};
  }
}

BmpHeader read_bmp_header(const codecs::Source& source) {
  const BmpBytes bytes(source);
  BmpHeader header;
  header.pixels_at = bytes.number(10, 4);
  const std::size_t length = bytes.number(14, 4);
  read_bmp_sizes(bytes, length == kOldHeaderBytes, header);
  codecs::check_extent(source, header.height, header.width);
  const bool indexed = header.bits == 1 || header.bits == 4 || header.bits == 8;
  const bool direct = header.bits == 16 || header.bits == 24 || header.bits == 32;
  if (!indexed && !direct) throw codecs::damaged(source, "an unsupported number of bits per pixel");
  const bool fields = header.compression == kBitFields || header.compression == kAlphaFields;
  if (header.compression != kPlain && !(fields && header.bits >= 16))
    throw codecs::damaged(source, "compressed pixels, which are not supported");
  read_bmp_masks(bytes, header);
  header.palette_at = kFileHeaderBytes + length;
  const std::size_t most = std::size_t{1} << (indexed ? header.bits : 0);
  if (header.palette_size == 0 || header.palette_size > most) header.palette_size = most;
  return header;
}

// The bits under the mask, scaled to 0..255.
std::uint8_t masked(std::uint32_t value, std::uint32_t mask) {
  if (mask == 0) return 0;
  const int shift = std::countr_zero(mask);
  const std::uint64_t largest = mask >> shift;
  return static_cast<std::uint8_t>((std::uint64_t{value & mask} >> shift) * 255 / largest);
}

}  // namespace

Image codecs::decode_bmp(const Source& source) {
  const BmpHeader header = read_bmp_header(source);
  const BmpBytes bytes(source);
  const std::size_t stride = (static_cast<std::size_t>(header.width) * header.bits + 31) / 32 * 4;
  if (header.pixels_at > source.bytes.size() ||
      (source.bytes.size() - header.pixels_at) / stride < static_cast<std::size_t>(header.height))
    throw damaged(source, "a truncated file");
  Image picture{header.height, header.width, 3, {}};
  picture.pixels.reserve(static_cast<std::size_t>(header.height * header.width * 3));
  for (std::int64_t y = 0; y < header.height; ++y) {
    const std::int64_t stored = header.from_below ? header.height - 1 - y : y;
    const std::size_t row = header.pixels_at + static_cast<std::size_t>(stored) * stride;
    for (std::size_t x = 0; x < static_cast<std::size_t>(header.width); ++x) {
      if (header.bits >= 16) {
        const std::size_t length = header.bits / 8;
        const std::uint32_t value = bytes.number(row + x * length, length);
        for (const std::uint32_t mask : header.masks) picture.pixels.push_back(masked(value, mask));
        continue;
      }
      const std::uint32_t byte = bytes.number(row + x * header.bits / 8, 1);
      const std::size_t shift = 8 - header.bits - x * header.bits % 8;
      const std::size_t index = byte >> shift & ((1U << header.bits) - 1);
      if (index >= header.palette_size) throw damaged(source, "a colour outside the palette");
      const std::uint32_t color = bytes.number(header.palette_at + index * header.palette_entry, 3);
      for (int c = 2; c >= 0; --c)
        picture.pixels.push_back(static_cast<std::uint8_t>(color >> (8 * c)));
    }
  }
  return picture;
}

}  // namespace digitry
