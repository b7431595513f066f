#include "digitry/vision/codecs.h"

#include <cstddef>

namespace digitry::codecs {
namespace {

constexpr std::uint32_t kOrientationTag = 0x0112;
constexpr std::uint32_t kShortType = 3;
constexpr std::size_t kEntryBytes = 12;

// Numbers of a TIFF structure; 0 beyond its end.
class TiffNumbers {
 public:
  explicit TiffNumbers(std::string_view bytes)
      : bytes_(bytes), little_endian_(bytes.starts_with("II")) {}

  std::uint32_t number(std::size_t at, std::size_t length) const {
    if (at > bytes_.size() || bytes_.size() - at < length) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < length; ++i) {
      const std::size_t place = little_endian_ ? at + length - 1 - i : at + i;
      value = value << 8 | static_cast<unsigned char>(bytes_[place]);
    }
    return value;
  }

 private:
  std::string_view bytes_;
  bool little_endian_;
};

}  // namespace

Error damaged(const Source& source, std::string_view finding) {
  return {ErrorCode::kBadData, "{}: want a sound {} picture, found: {}", source.name, source.format,
          finding};
}

void check_extent(const Source& source, std::int64_t height, std::int64_t width) {
  if (height < 1 || width < 1) throw damaged(source, "a side of no pixels");
  if (height > source.max_pixels / width)
    throw Error(ErrorCode::kBadData,
                "{}: want a picture of at most {} pixels, found {}x{}; make it smaller first",
                source.name, source.max_pixels, width, height);
}

int exif_orientation(std::string_view block) {
  const TiffNumbers tiff(block);
  const std::size_t directory = tiff.number(4, 4);
  const std::uint32_t entries = tiff.number(directory, 2);
  for (std::uint32_t i = 0; i < entries; ++i) {
    const std::size_t at = directory + 2 + i * kEntryBytes;
    if (at + kEntryBytes > block.size()) break;
    if (tiff.number(at, 2) != kOrientationTag || tiff.number(at + 2, 2) != kShortType) continue;
    const auto value = static_cast<int>(tiff.number(at + 8, 2));
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

}  // namespace digitry::codecs
