#include "tests/vision/encoders.h"

#include <fmt/format.h>
#include <tiffio.h>
#include <webp/encode.h>
#include <zlib.h>

#include <cstdio>
#include <cstdlib>
// jpeglib.h wants cstdio first.
#include <jpeglib.h>

#include "digitry/base/file.h"
#include "tests/support/temporary_folder.h"

namespace digitry::test {
namespace {

std::string little(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i, value >>= 8) text += static_cast<char>(value & 0xFF);
  return text;
}

std::string big(std::uint64_t value, int bytes) {
  const std::string text = little(value, bytes);
  return {text.rbegin(), text.rend()};
}

}  // namespace

std::string encode_jpeg(const Image& picture, bool progressive) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* memory = nullptr;
  unsigned long length = 0;
  jpeg_mem_dest(&info, &memory, &length);
  info.image_width = static_cast<JDIMENSION>(picture.width);
  info.image_height = static_cast<JDIMENSION>(picture.height);
  info.input_components = static_cast<int>(picture.channels);
  info.in_color_space = picture.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 95, TRUE);
  if (progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<JSAMPROW>(picture.pixels.data()) +
                info.next_scanline * static_cast<std::size_t>(picture.width * picture.channels);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string bytes(reinterpret_cast<char*>(memory), length);
  std::free(memory);
  return bytes;
}

std::string encode_webp(const Image& picture) {
  std::uint8_t* memory = nullptr;
  const auto encode = picture.channels == 4 ? WebPEncodeLosslessRGBA : WebPEncodeLosslessRGB;
  const std::size_t length = encode(picture.pixels.data(), static_cast<int>(picture.width),
                                    static_cast<int>(picture.height),
                                    static_cast<int>(picture.width * picture.channels), &memory);
  std::string bytes(reinterpret_cast<char*>(memory), length);
  WebPFree(memory);
  return bytes;
}

std::string encode_tiff(const Image& picture, int orientation, int pages) {
  return encode_tiff(std::vector<Image>(static_cast<std::size_t>(pages), picture), orientation);
}

std::string encode_tiff(const std::vector<Image>& pages, int orientation) {
  const TemporaryFolder folder;
  const std::string path = folder / "picture.tif";
  TIFF* file = TIFFOpen(path.c_str(), "w");
  for (const Image& picture : pages) {
    TIFFSetField(file, TIFFTAG_IMAGEWIDTH, static_cast<std::uint32_t>(picture.width));
    TIFFSetField(file, TIFFTAG_IMAGELENGTH, static_cast<std::uint32_t>(picture.height));
    TIFFSetField(file, TIFFTAG_SAMPLESPERPIXEL, static_cast<int>(picture.channels));
    TIFFSetField(file, TIFFTAG_BITSPERSAMPLE, 8);
    TIFFSetField(file, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(file, TIFFTAG_PHOTOMETRIC,
                 picture.channels == 1 ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_RGB);
    TIFFSetField(file, TIFFTAG_COMPRESSION, COMPRESSION_LZW);
    TIFFSetField(file, TIFFTAG_ORIENTATION, orientation);
    TIFFSetField(file, TIFFTAG_ROWSPERSTRIP, 8);
    for (std::int64_t y = 0; y < picture.height; ++y)
      TIFFWriteScanline(
          file,
          const_cast<std::uint8_t*>(picture.pixels.data()) + y * picture.width * picture.channels,
          static_cast<std::uint32_t>(y), 0);
    TIFFWriteDirectory(file);
  }
  TIFFClose(file);
  return read_file(path, 1 << 24);
}

std::string encode_bmp(const Image& picture, bool from_below) {
  const auto stride = static_cast<std::size_t>((picture.width * 3 + 3) / 4 * 4);
  const std::size_t size = stride * static_cast<std::size_t>(picture.height);
  std::string bytes =
      "BM" + little(54 + size, 4) + little(0, 4) + little(54, 4) + little(40, 4) +
      little(static_cast<std::uint64_t>(picture.width), 4) +
      little(static_cast<std::uint64_t>(from_below ? picture.height : -picture.height), 4) +
      little(1, 2) + little(24, 2) + little(0, 4) + little(size, 4) + little(0, 16);
  for (std::int64_t i = 0; i < picture.height; ++i) {
    const std::int64_t y = from_below ? picture.height - 1 - i : i;
    std::string row;
    for (std::int64_t x = 0; x < picture.width; ++x)
      for (const int c : {2, 1, 0})
        row += static_cast<char>(
            picture.pixels[static_cast<std::size_t>((y * picture.width + x) * 3 + c)]);
    row.resize(stride);
    bytes += row;
  }
  return bytes;
}

std::string exif_block(int orientation) {
  return std::string("MM\0*", 4) + big(8, 4) + big(1, 2) + big(0x0112, 2) + big(3, 2) + big(1, 4) +
         big(static_cast<std::uint64_t>(orientation), 2) + big(0, 2) + big(0, 4);
}

std::string jpeg_with_exif(const std::string& jpeg, const std::string& block) {
  const std::string content = std::string("Exif\0\0", 6) + block;
  return jpeg.substr(0, 2) + "\xff\xe1" + big(content.size() + 2, 2) + content + jpeg.substr(2);
}

std::string png_chunk(const std::string& type, const std::string& content) {
  const std::string covered = type + content;
  const auto sum =
      ::crc32(0, reinterpret_cast<const Bytef*>(covered.data()), static_cast<uInt>(covered.size()));
  return big(content.size(), 4) + covered + big(sum, 4);
}

std::string png_with_exif(const std::string& png, const std::string& block) {
  constexpr std::size_t kHeaderEnd = 8 + 25;  // signature and IHDR
  return png.substr(0, kHeaderEnd) + png_chunk("eXIf", block) + png.substr(kHeaderEnd);
}

}  // namespace digitry::test
