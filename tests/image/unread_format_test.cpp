#include "digitry/image/unread_format.h"

#include <gtest/gtest.h>

#include <string>

namespace digitry {
namespace {

using namespace std::string_view_literals;

std::string name_of(std::string_view start) {
  const auto found = find_unread_format(start);
  return found ? std::string(found->name) : "";
}

TEST(FindUnreadFormat, NamesPictures) {
  EXPECT_EQ(name_of("\0\0\0\x0cjP  \r\n\x87\n"sv), "a JPEG 2000 picture");
  EXPECT_EQ(name_of("\0\0\1\0\5\0\x10\x10"sv), "an ICO file of icons");
  EXPECT_EQ(name_of("P5\n28 28\n255\n"), "a PGM, PPM or PBM picture");
  EXPECT_EQ(name_of("P2 28 28 255 0 0"), "a PGM, PPM or PBM picture");
  EXPECT_EQ(name_of("<svg xmlns="), "an SVG drawing");
  EXPECT_EQ(name_of("<?xml version=\"1.0\"?>\n<svg width="), "an SVG drawing");
  EXPECT_EQ(name_of("GIF89a......"), "GIF");
  EXPECT_EQ(name_of("%PDF-1.7\n"), "PDF");
  EXPECT_EQ(name_of("\0\0\0\x18"
                    "ftypheic\0\0"sv),
            "HEIC");
  EXPECT_EQ(name_of("\0\0\0\x18"
                    "ftypavif\0\0"sv),
            "AVIF");
  // 28×28 pixels of 24 bits; grey; run lengths.
  EXPECT_EQ(name_of("\0\0\2\0\0\0\0\0\0\0\0\0\x1c\0\x1c\0\x18\x20"sv), "a TGA picture");
  EXPECT_EQ(name_of("\0\0\3\0\0\0\0\0\0\0\0\0\x1c\0\x1c\0\x08\0"sv), "a TGA picture");
  EXPECT_EQ(name_of("\0\0\x0a\0\0\0\0\0\0\0\0\0\x1c\0\x1c\0\x20\x08"sv), "a TGA picture");
}

TEST(FindUnreadFormat, NamesFilesOfData) {
  EXPECT_EQ(name_of("MATLAB 5.0 MAT-file, Platform: GLNXA64"), "a MATLAB file (MAT)");
  EXPECT_EQ(name_of("\x89HDF\r\n\x1a\n"), "an HDF5 file");
}

TEST(FindUnreadFormat, LeavesWhatIsReadToItsReader) {
  EXPECT_EQ(name_of(""), "");
  EXPECT_EQ(name_of("\x89PNG\r\n\x1a\n"), "");
  EXPECT_EQ(name_of("\xff\xd8\xff\xe0"), "");
  EXPECT_EQ(name_of("label,pixel0,pixel1\n"), "");
  EXPECT_EQ(name_of("5,0,0,0,0,0,0,0,0,0\n"), "");
  EXPECT_EQ(name_of("P1,P2,P3\n"), "");
  EXPECT_EQ(name_of("\x93NUMPY\1\0"sv), "");
  EXPECT_EQ(name_of("PK\3\4"), "");
  // IDX of every type and rank.
  for (const char type : {'\x08', '\x09', '\x0b', '\x0c', '\x0d', '\x0e'})
    for (const char rank : {'\1', '\2', '\3', '\4'}) {
      std::string start("\0\0", 2);
      start += type;
      start += rank;
      start += std::string("\0\0\x27\x10\0\0\0\x1c\0\0\0\x1c\0\0\0\0\0\0\0\0", 20);
      EXPECT_EQ(name_of(start), "") << int{type} << ' ' << int{rank};
    }
}

}  // namespace
}  // namespace digitry
