#include "digitry/data/npy.h"

#include <cmath>

#include "tests/data/array_files.h"
#include "tests/data/test_files.h"

namespace digitry {
namespace {

using namespace digitry::test;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

Tensor images_in(const std::string& npy) {
  return read_npy_images(*make_memory_stream(npy, "a.npy"));
}

std::vector<std::int32_t> labels_in(const std::string& npy) {
  return read_npy_labels(*make_memory_stream(npy, "a.npy"));
}

// 2 images of 3x4 with a different value each.
std::vector<std::uint8_t> some_pixels() {
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < 24; ++i) pixels.push_back(static_cast<std::uint8_t>(i * 10));
  return pixels;
}

TEST(Npy, ReadsAllVersionsAndTypes) {
  const std::vector<std::uint8_t> pixels = some_pixels();
  const auto expect_pixels = [&](const std::string& npy) {
    const Tensor images = images_in(npy);
    EXPECT_EQ(images.shape(), (Shape{2, 1, 3, 4}));
    EXPECT_THAT(values(images), ElementsAreArray(pixels));
  };
  for (const int version : {1, 2, 3})
    expect_pixels(npy_of("|u1", "(2, 3, 4)", packed(pixels), false, version));
  const auto as = [&]<typename T>(T) { return std::vector<T>(pixels.begin(), pixels.end()); };
  expect_pixels(npy_of("<i8", "(2, 3, 4)", packed(as(std::int64_t{}))));
  expect_pixels(npy_of("<u2", "(2L, 3L, 4L)", packed(as(std::uint16_t{}))));
  expect_pixels(npy_of(">i4", "(2, 3, 4)", packed(as(std::int32_t{}), true)));
  expect_pixels(npy_of("<f4", "(2, 3, 4)", packed(as(float{}))));
  expect_pixels(npy_of(">f8", "(2, 3, 4)", packed(as(double{}), true)));
  std::vector<float> unit;
  for (const std::uint8_t pixel : pixels) unit.push_back(static_cast<float>(pixel) / 255);
  expect_pixels(npy_of("<f4", "(2, 3, 4)", packed(unit)));
  // The last keys may be in any order.
  expect_pixels(npy_with_header("{\"shape\":(2,3,4),\"fortran_order\":False,\"descr\":\"|u1\"}",
                                packed(pixels)));
}

TEST(Npy, ReadsHalfFloatsAndBooleans) {
  // 0, 1/2, 1, and 2^-24, the smallest number.
  EXPECT_THAT(
      values(images_in(npy_of("<f2", "(1, 2, 2)", packed<std::uint16_t>({0, 0x3800, 0x3c00, 1})))),
      ElementsAre(0, 128, 255, 0));
  EXPECT_THAT(values(images_in(npy_of("|b1", "(1, 2, 2)", std::string_view("\0\1\1\0", 4)))),
              ElementsAre(0, 255, 255, 0));
}

TEST(Npy, ReadsAllShapes) {
  const std::string flat(std::size_t{2} * 64, '\7');
  EXPECT_EQ(images_in(npy_of("|u1", "(2, 64)", flat)).shape(), (Shape{2, 1, 8, 8}));
  EXPECT_EQ(images_in(npy_of("|u1", "(2, 1, 8, 8)", flat)).shape(), (Shape{2, 1, 8, 8}));
  EXPECT_EQ(images_in(npy_of("|u1", "(2, 8, 8, 1)", flat)).shape(), (Shape{2, 1, 8, 8}));
  EXPECT_EQ(images_in(npy_of("|u1", "(8, 16)", flat)).shape(), (Shape{1, 1, 8, 16}));
}

TEST(Npy, BringsChannelsToTheFront) {
  // One image of 2 rows, 5 columns and 3 channels: pixel (y, x) of channel c is 100y + 10x + c.
  std::string last;
  std::vector<int> first;
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 5; ++x)
      for (int c = 0; c < 3; ++c) last += static_cast<char>(100 * y + 10 * x + c);
  for (int c = 0; c < 3; ++c)
    for (int y = 0; y < 2; ++y)
      for (int x = 0; x < 5; ++x) first.push_back(100 * y + 10 * x + c);
  // Sides of at most 4 pixels could be channels.
  expect_error(ErrorCode::kBadData, {"a.npy", "found (1, 2, 5, 3)"},
               [&] { images_in(npy_of("|u1", "(1, 2, 5, 3)", last)); });
  std::string tall;
  for (int i = 0; i < 3; ++i) tall += last;
  const Tensor images = images_in(npy_of("|u1", "(1, 6, 5, 3)", tall));
  EXPECT_EQ(images.shape(), (Shape{1, 3, 6, 5}));
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t i = 0; i < 10; ++i)
      EXPECT_EQ(values(images)[c * 30 + i], first[c * 10 + i]) << c << " " << i;
}

TEST(Npy, ReadsFortranOrder) {
  // [[[0 1] [2 3]]] with the first index fastest.
  EXPECT_THAT(values(images_in(npy_of("|u1", "(1, 2, 2)", std::string("\0\2\1\3", 4), true))),
              ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(labels_in(npy_of("|u1", "(2, 2)", std::string("\0\1\1\0", 4), true)),
              ElementsAre(1, 0));
  EXPECT_THAT(labels_in(npy_of("|u1", "(3, 2)", std::string("\0\1\1\1\0\0", 6), true)),
              ElementsAre(1, 0, 0));
}

TEST(Npy, ReadsLabelsOfAllKinds) {
  EXPECT_THAT(labels_in(npy_of("<i8", "(3,)", packed<std::int64_t>({1, 0, 999}))),
              ElementsAre(1, 0, 999));
  EXPECT_THAT(labels_in(npy_of(">f4", "(2, 1)", packed<float>({3, 9}, true))), ElementsAre(3, 9));
  EXPECT_THAT(labels_in(npy_of("<f8", "(2, 3)", packed<double>({0, 0, 1, 1, 0, 0}))),
              ElementsAre(2, 0));
  EXPECT_THAT(labels_in(npy_of("|b1", "(2, 2)", std::string("\1\0\0\1", 4))), ElementsAre(0, 1));
}

void expect_bad_images(const std::string& npy, const std::string& part) {
  expect_error(ErrorCode::kBadData, {"a.npy", part}, [&] { images_in(npy); });
}

TEST(Npy, RejectsWhatIsNoImage) {
  expect_bad_images("", "found an empty file");
  expect_bad_images("\x93NUMPX    ", "another signature");
  expect_bad_images(npy_of("|u1", "(1, 2, 2)", "abcd", false, 4), "found 4.0");
  expect_bad_images(npy_of("|O", "(1, 2, 2)", "abcd"), "a pickle, which could run code");
  expect_bad_images(npy_of("<U4", "(1, 2, 2)", "abcd"), "one of texts");
  expect_bad_images(npy_of("<c8", "(1, 2, 2)", "abcd"), "dtype <c8");
  expect_bad_images(npy_of("<f9", "(1, 2, 2)", "abcd"), "dtype <f9");
  expect_bad_images(npy_with_header("{'descr': [('a', '|u1')], 'fortran_order': False, "
                                    "'shape': (1, 2, 2)}",
                                    "abcd"),
                    "one of records");
  expect_bad_images(npy_with_header("{'descr': __import__('os'), }", ""), "found \"__import__");
  expect_bad_images(npy_with_header("{'descr': '|u1', 'fortran_order': False}", ""),
                    "expected an NPY header with descr, fortran_order and shape");
  expect_bad_images(npy_with_header("{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 2), "
                                    "'shape': (1, 4, 1)}",
                                    "abcd"),
                    "found \" (1, 4, 1)");
  expect_bad_images(npy_of("|u1", "(-1, 2, 2)", "abcd"), "found \"-1");
  expect_bad_images(npy_of("|u1", "(1, 0, 2)", ""), "an empty array (1, 0, 2)");
  expect_bad_images(npy_of("|u1", "(3,)", "abc"), "found (3,)");
  expect_bad_images(npy_of("|u1", "(1, 2, 2)", "abc"), "found 3 (truncated");
  expect_bad_images(npy_of("|u1", "(1, 2, 2)", "abcde"), "trailing bytes");
  expect_bad_images(npy_of("|u1", "(4294967296, 4294967296, 2)", "abcd"),
                    "at most 2147483648 items");
  expect_bad_images(npy_of("|u1", "(1, 5000, 2)", "abcd"), "at most 4096 pixels");
  expect_bad_images(npy_of("<f4", "(1, 1, 2)", packed<float>({-0.5F, 2})), "found -0.5");
  expect_bad_images(npy_of("<f4", "(1, 1, 2)", packed<float>({0, NAN})), "found nan");
  expect_bad_images(npy_of("<u2", "(1, 1, 2)", packed<std::uint16_t>({0, 300})), "found 300");
}

TEST(Npy, RejectsWhatAreNoLabels) {
  const auto expect_bad = [](const std::string& npy, const std::string& part) {
    expect_error(ErrorCode::kBadData, {"a.npy", part}, [&] { labels_in(npy); });
  };
  expect_bad(npy_of("<f4", "(2,)", packed<float>({0, 0.5F})), "found 0.5 at 1");
  expect_bad(npy_of("|i1", "(2,)", std::string("\0\xff", 2)), "found -1 at 1");
  expect_bad(npy_of("<i2", "(2,)", packed<std::int16_t>({0, 1000})), "found 1000 at 1");
  expect_bad(npy_of("|u1", "(2, 2)", std::string("\1\0\1\1", 4)), "found 1 in row 1");
  expect_bad(npy_of("|u1", "(2, 2)", std::string("\1\0\0\0", 4)), "no 1 in row 1");
  expect_bad(npy_of("|u1", "(1, 2, 2)", "abcd"), "found (1, 2, 2)");
  expect_bad(npy_of("|u1", "(2, 0)", ""), "an empty array (2, 0)");
  expect_bad(npy_of("|u1", "(0,)", ""), "an empty array (0,)");
}

}  // namespace
}  // namespace digitry
