#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "digitry/vision/picture.h"

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
Picture decode_picture(std::string_view bytes, const std::string& name,
                       std::int64_t max_pixels = kMaxPicturePixels,
                       std::span<const PictureFormat> formats = kAllPictureFormats);

/// The picture as a PNG file. Wants what `check_picture` wants.
std::string encode_picture(const Picture& picture);

}  // namespace digitry
