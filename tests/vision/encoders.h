#pragma once

#include <string>
#include <vector>

#include "digitry/image/image.h"

// Encoders for the tests, by the formats' own libraries.

namespace digitry::test {

/// Expects a grey or RGB picture.
std::string encode_jpeg(const Image& picture, bool progressive = false);

/// Lossless. Expects an RGB or RGBA picture.
std::string encode_webp(const Image& picture);

/// Expects a grey or RGB picture, as stored under this orientation.
std::string encode_tiff(const Image& picture, int orientation = 1, int pages = 1);

/// A page for each picture.
std::string encode_tiff(const std::vector<Image>& pages, int orientation = 1);

/// 24 bits per pixel; rows from the bottom, as usual, or from the top. Expects an RGB picture.
std::string encode_bmp(const Image& picture, bool from_below = true);

/// An EXIF block with nothing but an orientation.
std::string exif_block(int orientation);

/// A JPEG or PNG file with this block in it.
std::string jpeg_with_exif(const std::string& jpeg, const std::string& block);
std::string png_with_exif(const std::string& png, const std::string& block);

/// A PNG chunk with its check sum.
std::string png_chunk(const std::string& type, const std::string& content);

}  // namespace digitry::test
