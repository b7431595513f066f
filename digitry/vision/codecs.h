#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "digitry/base/error.h"
#include "digitry/vision/picture.h"

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

/// "NAME: want a sound FORMAT picture, found: FINDING".
Error damaged(const Source& source, std::string_view finding);

/// Refuses sides below 1 and more pixels than allowed. To be called before anything is allocated.
void check_extent(const Source& source, std::int64_t height, std::int64_t width);

/// The orientation (1 to 8) that an EXIF block tells, without "Exif\0\0" before it; 1 where it
/// tells none. Never throws: a picture is not refused for it.
int exif_orientation(std::string_view block);

Picture decode_png(const Source& source);
Picture decode_jpeg(const Source& source);
Picture decode_bmp(const Source& source);
Picture decode_webp(const Source& source);
Picture decode_tiff(const Source& source);

}  // namespace digitry::codecs
