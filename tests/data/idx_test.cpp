#include "digitry/data/idx.h"

#include "digitry/data/byte_stream.h"
#include "tests/data/test_files.h"

namespace digitry {
namespace {

using namespace digitry::test;
using ::testing::ElementsAre;

Tensor images_of(const std::string& bytes) {
  return read_idx_images(*make_memory_stream(bytes, "images"));
}
std::vector<std::int32_t> labels_of(const std::string& bytes) {
  return read_idx_labels(*make_memory_stream(bytes, "labels"));
}

TEST(Idx, ReadsImagesOfThreeDimensionsAsOneChannel) {
  const Tensor images = images_of(idx_bytes({2, 1, 3}, "\1\2\3\4\5\6"));
  EXPECT_EQ(images.shape(), (Shape{2, 1, 1, 3}));
  EXPECT_THAT(values(images), ::testing::ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(Idx, ReadsChannels) {
  EXPECT_EQ(images_of(idx_bytes({1, 3, 1, 2}, "abcdef")).shape(), (Shape{1, 3, 1, 2}));
}

TEST(Idx, ReadsLabels) {
  EXPECT_THAT(labels_of(idx_bytes({3}, std::string_view("\0\x09\xff", 3))),
              ::testing::ElementsAre(0, 9, 255));
}

TEST(Idx, RoundTripsRawAndGzip) {
  const TemporaryFolder folder;
  Tensor images({2, 3, 2, 2}, DType::kU8);
  for (int i = 0; i < 24; ++i)
    images.as<std::uint8_t>()[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(i * 10);
  const std::vector<std::int32_t> labels = {0, 255};
  write_idx_images(folder / "i", images);
  write_idx_labels(folder / "l", labels);
  write_file(folder / "i.gz", deflate_gzip(read_back(folder / "i")));
  for (const char* name : {"i", "i.gz"}) {
    const Tensor back = read_idx_images(folder / name);
    EXPECT_EQ(back.shape(), images.shape());
    EXPECT_EQ(values(back), values(images));
  }
  EXPECT_EQ(read_idx_labels(folder / "l"), labels);
}

// A sparse file has the length that its header implies but uses no disk space.
TEST(Idx, RefusesMoreThanTheLimitsBeforeReading) {
  const TemporaryFolder folder;
  const auto sparse = [&](std::initializer_list<std::uint32_t> extents) {
    std::uint64_t bytes = 4 + 4 * extents.size();
    std::uint64_t payload = 1;
    for (const std::uint32_t extent : extents) payload *= extent;
    write_file(folder / "file", idx_bytes(extents, ""));
    fs::resize_file(folder / "file", bytes + payload);
  };
  sparse({(1U << 20) + 1, 1, 2048});
  expect_error(ErrorCode::kBadData, {"file", "at most", "1048577 images of 2048 bytes"},
               [&] { read_idx_images(folder / "file"); });
  sparse({1U << 31, 1, 1});
  expect_error(ErrorCode::kBadData, {"file", "at most 2147483647 images"},
               [&] { read_idx_images(folder / "file"); });
  sparse({1U << 31});
  expect_error(ErrorCode::kBadData, {"file", "at most"}, [&] { read_idx_labels(folder / "file"); });
}

TEST(Idx, WritesOneChannelAsMnistDoes) {
  const TemporaryFolder folder;
  write_idx_images(folder / "i", Tensor({1, 1, 1, 2}, DType::kU8));
  EXPECT_EQ(read_back(folder / "i"), idx_bytes({1, 1, 2}, std::string(2, '\0')));
}

TEST(Idx, RefusesWhatIsNotIdx) {
  const auto bad = ErrorCode::kBadData;
  expect_error(bad, {"images: ", "empty file"}, [] { images_of(""); });
  expect_error(bad, {"expected an IDX file", "found 3c 68 74 6d"}, [] { images_of("<html>"); });
  expect_error(bad, {"found 00 00"}, [] { images_of(std::string(2, '\0')); });
  expect_error(bad, {"type 08", "found type 0d"}, [] {
    images_of(idx_bytes({1, 1, 1}, "aaaa", 13));
  });
  expect_error(bad, {"found a file of labels"}, [] { images_of(idx_bytes({1}, "a")); });
  expect_error(bad, {"found a file of images"}, [] { labels_of(idx_bytes({1, 1, 1}, "a")); });
  expect_error(bad, {"3 or 4 dimensions", "found 2"}, [] { images_of(idx_bytes({1, 1}, "a")); });
  expect_error(bad, {"1 dimensions", "found 5"}, [] {
    labels_of(idx_bytes({1, 1, 1, 1, 1}, "a"));
  });
  expect_error(bad, {"header of 16 bytes", "truncated"}, [] {
    images_of(idx_bytes({1, 1, 1}, "").substr(0, 14));
  });
}

TEST(Idx, RefusesLengthsThatDoNotFitTheHeader) {
  const auto bad = ErrorCode::kBadData;
  expect_error(bad, {"expected 6 bytes", "[2,1,3]", "found 5", "truncated"}, [] {
    images_of(idx_bytes({2, 1, 3}, "12345"));
  });
  expect_error(bad, {"expected 6 bytes", "found 7", "trailing bytes"}, [] {
    images_of(idx_bytes({2, 1, 3}, "1234567"));
  });
  expect_error(bad, {"expected 3 bytes", "found 2"}, [] { labels_of(idx_bytes({3}, "12")); });
  expect_error(bad, {"at least 1"}, [] { images_of(idx_bytes({0, 28, 28}, "")); });
}

// The data of these headers would not fit into memory: they must be rejected before allocation.
TEST(Idx, RefusesHugeHeadersBeforeAllocating) {
  const auto bad = ErrorCode::kBadData;
  expect_error(bad, {"at most"}, [] { images_of(idx_bytes({0xffffffff, 4096, 4096}, "a")); });
  expect_error(bad, {"expected 2147483647 bytes", "found 1"}, [] {
    images_of(idx_bytes({0x7fffffff, 1, 1}, "a"));
  });
  expect_error(bad, {"extents that fit into a file"}, [] {
    images_of(idx_bytes({0xffffffff, 0xffffffff, 0xffffffff}, "a"));
  });
  expect_error(bad, {"4096 pixels"}, [] {
    images_of(idx_bytes({1, 5000, 1}, std::string(5000, 'a')));
  });
  expect_error(bad, {"16 channels"}, [] {
    images_of(idx_bytes({1, 17, 1, 1}, std::string(17, 'a')));
  });
  expect_error(bad, {"expected 2147483647 bytes"}, [] { labels_of(idx_bytes({0x7fffffff}, "a")); });
  const std::string packed = deflate_gzip(idx_bytes({0x7fffffff, 1, 1}, "a"));
  expect_error(bad, {"found at most"},
               [&] { read_idx_images(*inflate_gzip(make_memory_stream(packed, "packed"))); });
}

TEST(Idx, ChecksTheLengthOfGzipContent) {
  const auto read = [](std::string_view payload) {
    const std::string packed = deflate_gzip(idx_bytes({2, 1, 3}, payload));
    return read_idx_images(*inflate_gzip(make_memory_stream(packed, "packed")));
  };
  EXPECT_EQ(read("123456").num_elements(), 6);
  expect_error(ErrorCode::kBadData, {"expected 6 bytes", "found 5"}, [&] { read("12345"); });
  expect_error(ErrorCode::kBadData, {"expected 6 bytes", "found more"}, [&] { read("1234567"); });
}

TEST(Idx, SaysWhichFileIsMissingOrAFolder) {
  const TemporaryFolder folder;
  expect_error(ErrorCode::kBadData, {"nothing-here", "No such file"},
               [&] { read_idx_images(folder / "nothing-here"); });
  expect_error(ErrorCode::kBadData, {"found a folder"}, [&] { read_idx_images(folder.path()); });
}

TEST(Idx, WritesOnlyWhatItCanRead) {
  const TemporaryFolder folder;
  const std::vector<std::int32_t> too_large = {256};
  expect_error(ErrorCode::kInvalidArgument, {"[0, 255]", "256"},
               [&] { write_idx_labels(folder / "l", too_large); });
  expect_error(ErrorCode::kInvalidArgument, {"u8 images", "f32"}, [&] {
    write_idx_images(folder / "i", Tensor({1, 1, 1, 1}, DType::kF32));
  });
  EXPECT_THAT(names_in(folder.path()), ::testing::IsEmpty());
}

TEST(Idx, ReadsTheLabelsOfQmnist) {
  const std::string row(28, '\1');
  const std::string labels =
      idx_bytes({2, 8}, std::string("\0\0\0\5", 4) + row + std::string("\0\0\1\2", 4) + row, 0x0c);
  EXPECT_THAT(read_idx_labels(*make_memory_stream(labels, "l")), ElementsAre(5, 258));
  const std::string large = idx_bytes({1, 1}, "\1\1\1\1", 0x0c);
  expect_error(ErrorCode::kBadData, {"found 16843009 at 0"},
               [&] { read_idx_labels(*make_memory_stream(large, "l")); });
}

// Two images of 1x2 and their labels, under names that begin with `start`.
void write_set(const fs::path& folder, const std::string& start,
               const std::string& labels = std::string("\0\1", 2)) {
  write_file(folder / (start + "train-images-idx3-ubyte"), idx_bytes({2, 1, 2}, "abcd"));
  write_file(folder / (start + "train-labels-idx1-ubyte"), idx_bytes({2}, labels));
}

TEST(Idx, FindsFilesInFoldersAndUnderOtherNames) {
  const TemporaryFolder root;
  const auto labels_of = [](const fs::path& place) {
    return load_dataset(place.string(), Split::kTrain).labels;
  };
  write_set(root / "torchvision/MNIST/raw", "");
  EXPECT_THAT(labels_of(root / "torchvision"), ElementsAre(0, 1));
  write_set(root / "kaggle/train-images.idx3-ubyte", "");
  fs::rename(root / "kaggle/train-images.idx3-ubyte/train-labels-idx1-ubyte",
             root / "kaggle/train-labels.idx1-ubyte");
  EXPECT_THAT(labels_of(root / "kaggle"), ElementsAre(0, 1));
  write_file(root / "qmnist/qmnist-train-images-idx3-ubyte", idx_bytes({1, 1, 2}, "ab"));
  write_file(root / "qmnist/qmnist-train-labels-idx2-int",
             idx_bytes({1, 2}, std::string("\0\0\0\3\0\0\0\0", 8), 0x0c));
  EXPECT_THAT(labels_of(root / "qmnist"), ElementsAre(3));
}

TEST(Idx, TurnsEmnistUpright) {
  const TemporaryFolder root;
  write_set(root.path(), "emnist-digits-");
  const Dataset digits = load_dataset(root.path().string(), Split::kTrain);
  EXPECT_EQ(digits.image_shape(), (Shape{1, 2, 1}));
  EXPECT_EQ(digits.notes.size(), 1U);
  Tensor image({1, 1, 2, 3}, DType::kU8);
  for (std::uint8_t i = 0; i < 6; ++i) image.as<std::uint8_t>()[i] = i;
  transpose_images(image);
  EXPECT_EQ(image.shape(), (Shape{1, 1, 3, 2}));
  EXPECT_THAT(values(image), ElementsAre(0, 3, 1, 4, 2, 5));

  write_set(root.path(), "emnist-letters-");
  expect_error(ErrorCode::kBadData, {"found several", "emnist-digits-, ", "emnist-letters-"},
               [&] { load_dataset(root.path().string(), Split::kTrain); });
  EXPECT_EQ(load_dataset((root / "emnist-letters-").string(), Split::kTrain).num_images(), 2);
  EXPECT_THAT(list_splits((root / "emnist-letters-").string()), ElementsAre(Split::kTrain));
}

TEST(Idx, NamesTheClassesOfEmnist) {
  const TemporaryFolder root;
  const auto load = [&](const std::string& prefix, const std::string& labels) {
    write_set(root.path(), prefix, labels);
    return load_dataset((root / prefix).string(), Split::kTrain);
  };
  const auto name_of = [](const Dataset& data, std::size_t image) {
    return data.class_names.at(static_cast<std::size_t>(data.labels[image]));
  };
  const Dataset letters = load("emnist-letters-", "\1\x1a");
  EXPECT_EQ(letters.num_classes(), 26);
  EXPECT_EQ(name_of(letters, 0) + name_of(letters, 1), "AZ");
  const Dataset balanced = load("emnist-balanced-", "\x24\x2e");
  EXPECT_EQ(balanced.num_classes(), 47);
  EXPECT_EQ(name_of(balanced, 0) + name_of(balanced, 1), "at");
  const Dataset by_class = load("emnist-byclass-", "\x0a\x3d");
  EXPECT_EQ(by_class.num_classes(), 62);
  EXPECT_EQ(name_of(by_class, 0) + name_of(by_class, 1), "Az");
  EXPECT_EQ(load("emnist-digits-", "\1\2").class_names.back(), "2");
  // Other labels are errors, and names of one's own come first.
  expect_error(ErrorCode::kBadData, {"labels in [0, 25]", "found 26"},
               [&] { load("emnist-letters-", std::string("\0\x1a", 2)); });
  write_file(root / "class_names.txt", "x\ny\nz\n");
  EXPECT_EQ(name_of(load("emnist-letters-", "\1\2"), 1), "y");
}

}  // namespace
}  // namespace digitry
