#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "digitry/base/error.h"
#include "digitry/image/image.h"

// One decoder a format, each in a file of its own; `decode_picture` chooses. The pictures are
// upright. OpenCV's own imdecode is not used: it prints what it does not like, takes a JPEG that is
// cut short for a grey one, has its limits from the environment, and brings in GDAL.

namespace digitry::codecs {

/// A file to be decoded.
struct Source {
  std::string_view bytes;
  const std::string& name;
  std::string_view format;  ///< What to call it: "JPEG".
  std::int64_t max_pixels;
};

/// "NAME: expected a sound FORMAT picture, found: FINDING".
Error damaged(const Source& source, std::string_view finding);

/// Refuses sides below 1 and more pixels than allowed. To be called before anything is allocated.
void check_extent(const Source& source, std::int64_t height, std::int64_t width);

/// The orientation (1 to 8) that an EXIF block tells, without "Exif\0\0" before it; 1 where it
/// tells none. Never throws: a picture is not refused for it.
int exif_orientation(std::string_view block);

Image decode_png(const Source& source);
Image decode_jpeg(const Source& source);
Image decode_bmp(const Source& source);
Image decode_webp(const Source& source);
Image decode_tiff(const Source& source);

}  // namespace digitry::codecs

namespace digitry {

enum class PictureFormat { kPng, kJpeg, kBmp, kWebp, kTiff };

/// All that can be decoded.
inline constexpr std::array kAllPictureFormats = {PictureFormat::kPng, PictureFormat::kJpeg,
                                                  PictureFormat::kBmp, PictureFormat::kWebp,
                                                  PictureFormat::kTiff};

/// Longer files are no pictures to be read.
inline constexpr std::uint64_t kMaxPictureBytes = std::uint64_t{256} << 20;

/// Whether a file that starts so is a picture: PNG, JPEG, BMP, WebP or TIFF, or GIF, HEIC, AVIF or
/// PDF, which `decode_picture` refuses by name. 32 bytes are enough.
bool looks_like_picture(std::string_view start);

/// The format of a file that starts so; nothing if it is none that can be decoded. 32 bytes are
/// enough.
std::optional<PictureFormat> picture_format(std::string_view start);

/// Decodes a PNG, JPEG, BMP, WebP or TIFF file (the first page of it), whatever it is called, and
/// turns it upright as its EXIF orientation says. 16-bit values become 8-bit ones. Only the
/// decoders of `formats` are given the bytes. The size is read from the header, and pictures of
/// more than `max_pixels` are refused before memory is taken for them. Throws Error{kBadData} that
/// begins with `name`: another format, too large, damaged or cut short.
Image decode_picture(std::string_view bytes, const std::string& name,
                     std::int64_t max_pixels = kMaxImagePixels,
                     std::span<const PictureFormat> formats = kAllPictureFormats);

}  // namespace digitry
