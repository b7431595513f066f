#include <webp/decode.h>

#include <cstddef>

#include "digitry/vision/decode.h"

namespace digitry {
namespace {

// The content of the EXIF chunk in the RIFF container; empty if there is none.
std::string_view webp_exif(std::string_view bytes) {
  std::size_t at = 12;  // after "RIFF", the length and "WEBP"
  while (bytes.size() >= 8 && at <= bytes.size() - 8) {
    std::size_t length = 0;
    for (std::size_t i = 4; i > 0; --i)
      length = length << 8 | static_cast<unsigned char>(bytes[at + 3 + i]);
    if (length > bytes.size() - at - 8) break;
    if (bytes.substr(at, 4) == "EXIF") {
      const std::string_view content = bytes.substr(at + 8, length);
      static constexpr std::string_view kExif("Exif\0\0", 6);  // Some programs write it.
      return content.starts_with(kExif) ? content.substr(kExif.size()) : content;
    }
    at += 8 + length + length % 2;
  }
  return {};
}

}  // namespace

Image codecs::decode_webp(const Source& source) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(source.bytes.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(bytes, source.bytes.size(), &features) != VP8_STATUS_OK)
    throw damaged(source, "an invalid header");
  if (features.has_animation != 0) throw damaged(source, "an animation");
  check_extent(source, features.height, features.width);
  const bool alpha = features.has_alpha != 0;
  Image picture{features.height, features.width, alpha ? 4 : 3, {}};
  const auto stride = static_cast<std::size_t>(picture.width * picture.channels);
  picture.pixels.resize(stride * static_cast<std::size_t>(picture.height));
  const auto decode = alpha ? WebPDecodeRGBAInto : WebPDecodeRGBInto;
  if (decode(bytes, source.bytes.size(), picture.pixels.data(), picture.pixels.size(),
             static_cast<int>(stride)) == nullptr)
    throw damaged(source, "damaged or truncated pixels");
  return upright(std::move(picture), exif_orientation(webp_exif(source.bytes)));
}

}  // namespace digitry
