#pragma once

#include <optional>
#include <string_view>

namespace digitry {

/// A file format that is recognised but not read.
struct UnreadFormat {
  std::string_view name;    ///< With its article, for "found ...": "a JPEG 2000 picture".
  std::string_view advice;  ///< What to do: "convert it to PNG".
  bool is_picture = false;  ///< Whether it can be converted to PNG.
};

/// The format of a file with this start, by its content: pictures (JPEG 2000, JPEG XL, GIF, HEIC,
/// AVIF, ICO, TGA, PGM and its relatives, SVG, PSD, PDF), and files of data (MATLAB, HDF5,
/// Parquet, pickle, archives). Empty for other content, and for formats that are read.
/// The first 64 bytes are enough.
std::optional<UnreadFormat> find_unread_format(std::string_view start);

}  // namespace digitry
