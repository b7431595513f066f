#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace digitry {

/// A PNG of black ink on nothing, so that it can lie on any background: `ink` is the opacity of
/// each pixel, row by row from the top, width · height of them. One byte a pixel before
/// compression. Throws Error{kInvalidArgument} where the counts do not fit or a side is 0.
std::string encode_ink_png(std::span<const std::uint8_t> ink, std::int64_t width,
                           std::int64_t height);

/// A PNG of the colours `palette` (256 of red, green, blue, opacity), `indices` into which are its
/// pixels, row by row from the top. Throws as `encode_ink_png` does.
std::string encode_palette_png(std::span<const std::uint8_t> indices, std::int64_t width,
                               std::int64_t height, std::span<const std::uint8_t, 1024> palette);

/// A PNG of pixels of three bytes (red, green, blue), row by row from the top. Throws as
/// `encode_ink_png` does.
std::string encode_rgb_png(std::span<const std::uint8_t> rgb, std::int64_t width,
                           std::int64_t height);

/// Base64 with padding (RFC 4648, section 4), for data URIs.
std::string base64(std::string_view bytes);

}  // namespace digitry
