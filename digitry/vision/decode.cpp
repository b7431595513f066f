#include "digitry/vision/decode.h"

#include <array>
#include <optional>

#include "digitry/base/error.h"
#include "digitry/vision/codecs.h"

namespace digitry {
namespace {

enum class Format { kPng, kJpeg, kBmp, kWebp, kTiff, kUnreadable };

struct Recognised {
  Format format;
  std::string_view name;
};

// A BMP begins with two letters only, so the length of its second header counts too.
bool looks_like_bmp(std::string_view start) {
  static constexpr std::array<unsigned char, 6> kHeaderLengths = {12, 40, 52, 56, 108, 124};
  if (start.size() < 18 || !start.starts_with("BM")) return false;
  for (const unsigned char length : kHeaderLengths)
    if (start[14] == static_cast<char>(length) &&
        start.substr(15, 3) == std::string_view("\0\0\0", 3))
      return true;
  return false;
}

// Of the ISO base media family (HEIC, AVIF), which cameras of telephones write.
std::string_view media_brand(std::string_view start) {
  if (start.size() < 12 || start.substr(4, 4) != "ftyp") return {};
  const std::string_view brand = start.substr(8, 4);
  if (brand == "avif" || brand == "avis") return "AVIF";
  return brand == "heic" || brand == "heix" || brand == "mif1" || brand == "msf1" || brand == "hevc"
             ? "HEIC"
             : std::string_view();
}

std::optional<Recognised> recognise(std::string_view start) {
  const auto begins = [&](std::string_view magic) { return start.starts_with(magic); };
  if (begins("\x89PNG\r\n\x1a\n")) return Recognised{Format::kPng, "PNG"};
  if (begins("\xff\xd8\xff")) return Recognised{Format::kJpeg, "JPEG"};
  if (begins("RIFF") && start.size() >= 12 && start.substr(8, 4) == "WEBP")
    return Recognised{Format::kWebp, "WebP"};
  if (begins(std::string_view("II*\0", 4)) || begins(std::string_view("MM\0*", 4)))
    return Recognised{Format::kTiff, "TIFF"};
  if (looks_like_bmp(start)) return Recognised{Format::kBmp, "BMP"};
  if (begins("GIF87a") || begins("GIF89a")) return Recognised{Format::kUnreadable, "GIF"};
  if (begins("%PDF-")) return Recognised{Format::kUnreadable, "PDF"};
  if (const std::string_view brand = media_brand(start); !brand.empty())
    return Recognised{Format::kUnreadable, brand};
  return std::nullopt;
}

Picture decode_as(Format format, const codecs::Source& source) {
  switch (format) {
    case Format::kPng:
      return codecs::decode_png(source);
    case Format::kJpeg:
      return codecs::decode_jpeg(source);
    case Format::kBmp:
      return codecs::decode_bmp(source);
    case Format::kWebp:
      return codecs::decode_webp(source);
    case Format::kTiff:
      return codecs::decode_tiff(source);
    case Format::kUnreadable:
      break;
  }
  throw Error(ErrorCode::kBadData,
              "{}: want a PNG, JPEG, BMP, WebP or TIFF picture, found {}; convert it first",
              source.name, source.format);
}

}  // namespace

bool looks_like_picture(std::string_view start) { return recognise(start).has_value(); }

Picture decode_picture(std::string_view bytes, const std::string& name, std::int64_t max_pixels) {
  const auto recognised = recognise(bytes);
  if (!recognised)
    throw Error(ErrorCode::kBadData, "{}: want a PNG, JPEG, BMP, WebP or TIFF picture, found {}",
                name, bytes.empty() ? "an empty file" : "other bytes at its start");
  return decode_as(
      recognised->format,
      {.bytes = bytes, .name = name, .format = recognised->name, .max_pixels = max_pixels});
}

}  // namespace digitry
