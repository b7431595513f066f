#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "digitry/base/error.h"
#include "digitry/image/image.h"

// From picture files to pixels.

namespace digitry {

/// The formats that can be decoded.
enum class PictureFormat { kPng, kJpeg, kBmp, kWebp, kTiff };
inline constexpr std::array kAllPictureFormats = {PictureFormat::kPng, PictureFormat::kJpeg,
                                                  PictureFormat::kBmp, PictureFormat::kWebp,
                                                  PictureFormat::kTiff};

/// Longer files are not read: 256 MiB.
inline constexpr std::uint64_t kMaxPictureBytes = std::uint64_t{256} << 20;

/// Reads and decodes a picture file: PNG, JPEG, BMP, WebP or TIFF, of at most `kMaxPictureBytes`
/// and `kMaxImagePixels`; see `decode_picture`.
/// Throws Error{kBadData} if the file is missing, too large, damaged or in another format,
/// Error{kIo} if the system cannot read it.
Image load_picture(const std::filesystem::path& path);

/// Decodes the bytes of a PNG, JPEG, BMP, WebP or TIFF file (this page of it, from 0), recognised
/// by their content, and turns the picture upright by its EXIF orientation. 16-bit values become
/// 8-bit values. Only the decoders of `formats` receive the bytes. The size is read from the
/// header: pictures with more than `max_pixels` are rejected before memory is allocated for them.
/// Throws Error{kBadData}, with a message that begins with `name`, if the bytes are in another
/// format, too large, damaged or truncated.
Image decode_picture(std::string_view bytes, const std::string& name,
                     std::int64_t max_pixels = kMaxImagePixels,
                     std::span<const PictureFormat> formats = kAllPictureFormats, int page = 0);

/// More pages of a file are not counted.
inline constexpr int kMostPages = 100;

/// The number of pages of a picture file in memory, at most `kMostPages`. 1 for formats without
/// pages, 0 for a TIFF file that cannot be opened.
int count_pages(std::string_view bytes);

/// Lets `load_dataset` decode image files of all these formats, not PNG alone, in the whole
/// process.
void use_picture_decoder();

/// Whether a file with this start is a picture: of a format that can be decoded, or GIF, HEIC,
/// AVIF or PDF, which `decode_picture` names in its error. The first 32 bytes are enough.
bool looks_like_picture(std::string_view start);

/// The format of a file with this start; empty if it cannot be decoded. The first 32 bytes are
/// enough.
std::optional<PictureFormat> picture_format(std::string_view start);

}  // namespace digitry

// The decoders, one per format. OpenCV's imdecode is not used: it prints warnings, accepts a
// truncated JPEG as a half grey one, reads its limits from the environment, and depends on GDAL.
namespace digitry::codecs {

/// A file to decode.
struct Source {
  std::string_view bytes;
  const std::string& name;
  std::string_view format;  ///< For messages: "JPEG".
  std::int64_t max_pixels;
  int page = 0;  ///< Of a TIFF file.
};

/// Error{kBadData}: "NAME: expected a sound FORMAT image, found: FINDING".
Error damaged(const Source& source, std::string_view finding);

/// Throws Error{kBadData} if a side is below 1 or there are more pixels than allowed. To be called
/// before memory is allocated.
void check_extent(const Source& source, std::int64_t height, std::int64_t width);

/// The orientation (1 to 8) in an EXIF block without its leading "Exif\0\0"; 1 if there is none.
/// Never throws: a bad EXIF block is no reason to reject a picture.
int exif_orientation(std::string_view block);

/// Each returns the picture upright.
Image decode_png(const Source& source);
Image decode_jpeg(const Source& source);
Image decode_bmp(const Source& source);
Image decode_webp(const Source& source);
Image decode_tiff(const Source& source);

/// `count_pages` of a TIFF file.
int count_tiff_pages(std::string_view bytes);

}  // namespace digitry::codecs
