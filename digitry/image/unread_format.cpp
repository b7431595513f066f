#include "digitry/image/unread_format.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace digitry {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kConvert = "convert it to PNG";
constexpr std::string_view kSaveArrays =
    "save its images and labels with numpy.savez, or as IDX or CSV";
constexpr std::string_view kUnpack = "unpack it";

struct Signature {
  std::string_view bytes;
  UnreadFormat format;
};

constexpr std::array kSignatures = {
    Signature{"\0\0\0\x0cjP  "sv, {"a JPEG 2000 picture", kConvert, true}},
    Signature{"\xff\x4f\xff\x51"sv, {"a JPEG 2000 picture", kConvert, true}},
    Signature{"\0\0\0\x0cJXL "sv, {"a JPEG XL picture", kConvert, true}},
    Signature{"\xff\x0a"sv, {"a JPEG XL picture", kConvert, true}},
    Signature{"GIF87a"sv, {"GIF", kConvert, true}},
    Signature{"GIF89a"sv, {"GIF", kConvert, true}},
    Signature{"\0\0\1\0"sv, {"an ICO file of icons", kConvert, true}},
    Signature{"8BPS"sv, {"a Photoshop picture (PSD)", kConvert, true}},
    Signature{"%PDF-"sv, {"PDF", "export its page as PNG", true}},
    Signature{"%!PS"sv, {"a PostScript file", "export its page as PNG", true}},
    Signature{"<svg"sv, {"an SVG drawing", "export it as PNG", true}},
    Signature{"MATLAB "sv, {"a MATLAB file (MAT)", kSaveArrays}},
    Signature{"\x89HDF\r\n"sv, {"an HDF5 file", kSaveArrays}},
    Signature{"PAR1"sv, {"a Parquet file", kSaveArrays}},
    Signature{"\x80\x02"sv, {"a Python pickle", kSaveArrays}},
    Signature{"\x80\x03"sv, {"a Python pickle", kSaveArrays}},
    Signature{"\x80\x04"sv, {"a Python pickle", kSaveArrays}},
    Signature{"\x80\x05"sv, {"a Python pickle", kSaveArrays}},
    Signature{"BZh"sv, {"a bzip2 file", kUnpack}},
    Signature{"\xfd"
              "7zXZ"sv,
              {"an xz file", kUnpack}},
    Signature{"7z\xbc\xaf"sv, {"a 7-Zip archive", kUnpack}},
    Signature{"Rar!"sv, {"a RAR archive", kUnpack}},
    Signature{"\x28\xb5\x2f\xfd"sv, {"a Zstandard file", kUnpack}},
};

unsigned byte(std::string_view start, std::size_t at) {
  return static_cast<unsigned char>(start[at]);
}

bool is_blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

// "P1" to "P7" and white space: PBM, PGM, PPM and PAM.
bool looks_like_pnm(std::string_view start) {
  return start.size() >= 3 && start[0] == 'P' && start[1] >= '1' && start[1] <= '7' &&
         is_blank(start[2]);
}

// TGA has no signature, so that all fields of its header have to be possible.
bool looks_like_tga(std::string_view start) {
  if (start.size() < 18) return false;
  static constexpr std::array<unsigned, 6> kTypes = {1, 2, 3, 9, 10, 11};
  static constexpr std::array<unsigned, 5> kDepths = {8, 15, 16, 24, 32};
  const unsigned palette = byte(start, 1);
  const unsigned type = byte(start, 2);
  const bool with_palette = type == 1 || type == 9;
  const bool empty_palette = byte(start, 3) + byte(start, 4) + byte(start, 5) + byte(start, 6) == 0;
  const unsigned width = byte(start, 12) + 256 * byte(start, 13);
  const unsigned height = byte(start, 14) + 256 * byte(start, 15);
  return std::ranges::find(kTypes, type) != kTypes.end() && palette == (with_palette ? 1U : 0U) &&
         empty_palette == !with_palette && width > 0 && height > 0 &&
         std::ranges::find(kDepths, byte(start, 16)) != kDepths.end() &&
         (byte(start, 17) & 0xC0U) == 0;
}

// "HEIC" or "AVIF", the ISO base media formats that phones write.
std::string_view media_brand(std::string_view start) {
  if (start.size() < 12 || start.substr(4, 4) != "ftyp") return {};
  const std::string_view brand = start.substr(8, 4);
  if (brand == "avif" || brand == "avis") return "AVIF";
  static constexpr std::array<std::string_view, 5> kHeic = {"heic", "heix", "mif1", "msf1", "hevc"};
  return std::ranges::find(kHeic, brand) != kHeic.end() ? "HEIC" : std::string_view();
}

}  // namespace

std::optional<UnreadFormat> find_unread_format(std::string_view start) {
  for (const Signature& signature : kSignatures)
    if (start.starts_with(signature.bytes)) return signature.format;
  if (const std::string_view brand = media_brand(start); !brand.empty())
    return UnreadFormat{brand, kConvert, true};
  if (looks_like_pnm(start)) return UnreadFormat{"a PGM, PPM or PBM picture", kConvert, true};
  if (start.starts_with("<?xml") || start.starts_with("<!DOCTYPE svg"))
    return start.find("svg") != std::string_view::npos
               ? UnreadFormat{"an SVG drawing", "export it as PNG", true}
               : UnreadFormat{"an XML file", "export its pictures as PNG", true};
  if (looks_like_tga(start)) return UnreadFormat{"a TGA picture", kConvert, true};
  return std::nullopt;
}

}  // namespace digitry
