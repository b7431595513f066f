#include "digitry/vision/decode.h"

#include <algorithm>
#include <array>
#include <optional>

#include "digitry/base/error.h"
#include "digitry/vision/codecs.h"

namespace digitry {
namespace {

struct Recognised {
  std::optional<PictureFormat> format;  // Nothing for those that are known by name alone.
  std::string_view name;
};

std::string_view name_of(PictureFormat format) {
  switch (format) {
    case PictureFormat::kPng:
      return "PNG";
    case PictureFormat::kJpeg:
      return "JPEG";
    case PictureFormat::kBmp:
      return "BMP";
    case PictureFormat::kWebp:
      return "WebP";
    case PictureFormat::kTiff:
      return "TIFF";
  }
  return "";
}

// "a PNG, JPEG or WebP picture".
std::string one_of(std::span<const PictureFormat> formats) {
  std::string text;
  for (std::size_t i = 0; i < formats.size(); ++i) {
    if (i > 0) text += i + 1 == formats.size() ? " or " : ", ";
    text += name_of(formats[i]);
  }
  return "a " + text + " picture";
}

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
  const auto decodable = [](PictureFormat format) { return Recognised{format, name_of(format)}; };
  const auto begins = [&](std::string_view magic) { return start.starts_with(magic); };
  if (begins("\x89PNG\r\n\x1a\n")) return decodable(PictureFormat::kPng);
  if (begins("\xff\xd8\xff")) return decodable(PictureFormat::kJpeg);
  if (begins("RIFF") && start.size() >= 12 && start.substr(8, 4) == "WEBP")
    return decodable(PictureFormat::kWebp);
  if (begins(std::string_view("II*\0", 4)) || begins(std::string_view("MM\0*", 4)))
    return decodable(PictureFormat::kTiff);
  if (looks_like_bmp(start)) return decodable(PictureFormat::kBmp);
  if (begins("GIF87a") || begins("GIF89a")) return Recognised{std::nullopt, "GIF"};
  if (begins("%PDF-")) return Recognised{std::nullopt, "PDF"};
  if (const std::string_view brand = media_brand(start); !brand.empty())
    return Recognised{std::nullopt, brand};
  return std::nullopt;
}

Picture decode_as(PictureFormat format, const codecs::Source& source) {
  switch (format) {
    case PictureFormat::kPng:
      return codecs::decode_png(source);
    case PictureFormat::kJpeg:
      return codecs::decode_jpeg(source);
    case PictureFormat::kBmp:
      return codecs::decode_bmp(source);
    case PictureFormat::kWebp:
      return codecs::decode_webp(source);
    case PictureFormat::kTiff:
      return codecs::decode_tiff(source);
  }
  throw Error(ErrorCode::kInvalidArgument, "{}: no such format", source.name);
}

}  // namespace

bool looks_like_picture(std::string_view start) { return recognise(start).has_value(); }

std::optional<PictureFormat> picture_format(std::string_view start) {
  const auto recognised = recognise(start);
  return recognised ? recognised->format : std::nullopt;
}

Picture decode_picture(std::string_view bytes, const std::string& name, std::int64_t max_pixels,
                       std::span<const PictureFormat> formats) {
  const auto recognised = recognise(bytes);
  if (!recognised)
    throw Error(ErrorCode::kBadData, "{}: want {}, found {}", name, one_of(formats),
                bytes.empty() ? "an empty file" : "other bytes at its start");
  if (!recognised->format || std::ranges::find(formats, *recognised->format) == formats.end())
    throw Error(ErrorCode::kBadData, "{}: want {}, found {}; convert it first", name,
                one_of(formats), recognised->name);
  return decode_as(
      *recognised->format,
      {.bytes = bytes, .name = name, .format = recognised->name, .max_pixels = max_pixels});
}

}  // namespace digitry
