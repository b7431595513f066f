#pragma once

#include <string>
#include <string_view>

#include "digitry/image/image.h"

namespace digitry {

/// Decodes the bytes of an image file. Throws Error{kBadData}, whose message begins with `name`.
using ImageDecoder = Image (*)(std::string_view bytes, const std::string& name);

/// Sets the decoder of the image files of data sets, for the whole process; null, the default,
/// decodes PNG alone, because the core has no other codecs. `use_picture_decoder` of the component
/// vision sets one that decodes JPEG, BMP, TIFF and WebP, too. Thread-safe.
void set_image_decoder(ImageDecoder decoder);

/// Decodes with that decoder.
Image decode_image(std::string_view bytes, const std::string& name);

}  // namespace digitry
