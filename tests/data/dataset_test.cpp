#include "digitry/data/dataset.h"

#include "digitry/base/sha256.h"
#include "digitry/data/byte_stream.h"
#include "digitry/image/png.h"
#include "tests/data/test_files.h"

namespace digitry {
namespace {

using namespace digitry::test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Two 1×2 images for training, one for the test.
void write_idx_folder(const fs::path& folder, const std::string& train_labels = "\3\1",
                      const std::string& test_labels = "\1") {
  write_file(folder / "train-images-idx3-ubyte", idx_bytes({2, 1, 2}, "abcd"));
  write_file(folder / "train-labels-idx1-ubyte",
             idx_bytes({static_cast<std::uint32_t>(train_labels.size())}, train_labels));
  write_file(folder / "t10k-images-idx3-ubyte", idx_bytes({1, 1, 2}, "ef"));
  write_file(folder / "t10k-labels-idx1-ubyte",
             idx_bytes({static_cast<std::uint32_t>(test_labels.size())}, test_labels));
}

TEST(Dataset, LoadsAnIdxFolder) {
  const TemporaryFolder folder;
  write_idx_folder(folder.path());
  const Dataset train = load_dataset(folder.path().string(), Split::kTrain);
  EXPECT_THAT(values(train.images), ElementsAre('a', 'b', 'c', 'd'));
  EXPECT_THAT(train.labels, ElementsAre(3, 1));
  EXPECT_THAT(train.class_names, ElementsAre("0", "1", "2", "3"));
  EXPECT_EQ(train.name, folder.path().string());
  EXPECT_EQ(train.split, Split::kTrain);
  EXPECT_EQ(train.sha256, sha256(std::string_view("abcd\3\0\0\0\1\0\0\0", 12)));
  const Dataset test = load_dataset(folder.path().string(), Split::kTest);
  EXPECT_EQ(test.split, Split::kTest);
  EXPECT_EQ(test.num_classes(), 4) << "the classes of the training split";
  EXPECT_THAT(list_splits(folder.path().string()), ElementsAre(Split::kTrain, Split::kTest));
}

TEST(Dataset, IsMadeFromMemory) {
  const auto pixels = [] {
    Tensor images({2, 1, 1, 2}, DType::kU8);
    std::ranges::copy(std::string_view("abcd"), images.as<std::uint8_t>().begin());
    return images;
  };
  const Dataset made = make_dataset(pixels(), {3, 1}, {}, "memory");
  EXPECT_THAT(made.class_names, ElementsAre("0", "1", "2", "3"));
  EXPECT_EQ(made.sha256, sha256(std::string_view("abcd\3\0\0\0\1\0\0\0", 12)));
  EXPECT_EQ(made.name, "memory");
  EXPECT_FALSE(make_dataset(pixels(), {}, {}, "memory").labelled());
  expect_error(ErrorCode::kBadData, {"memory", "expected 2 labels", "found 1"},
               [&] { make_dataset(pixels(), {1}, {}, "memory"); });
  expect_error(ErrorCode::kBadData, {"memory", "expected labels in [0, 1]", "found 2 at image 1"},
               [&] {
                 make_dataset(pixels(), {1, 2}, {"a", "b"}, "memory");
               });
  expect_error(ErrorCode::kBadData, {"memory", "found -1 at image 0"}, [&] {
    make_dataset(pixels(), {-1, 2}, {}, "memory");
  });
  expect_error(ErrorCode::kBadData, {"memory", "expected labels in [0, 999]", "found 1000"}, [&] {
    make_dataset(pixels(), {1, 1000}, {}, "memory");
  });
  expect_error(ErrorCode::kShapeMismatch, {"memory", "uint8 [N, C, H, W]", "f32 [2,1,1,2]"}, [&] {
    make_dataset(Tensor({2, 1, 1, 2}, DType::kF32), {}, {}, "memory");
  });
  expect_error(ErrorCode::kShapeMismatch, {"memory", "u8 [0,1,1,2]"}, [&] {
    make_dataset(Tensor({0, 1, 1, 2}, DType::kU8), {}, {}, "memory");
  });
}

TEST(Dataset, TellsATestSplitWithoutLabels) {
  const TemporaryFolder folder;
  const auto has_one = [&](const char* name) {
    return has_labelled_test_split((folder / name).string());
  };
  write_idx_folder(folder / "idx");
  EXPECT_TRUE(has_one("idx"));
  fs::remove(folder / "idx/t10k-labels-idx1-ubyte");
  EXPECT_FALSE(has_one("idx"));
  write_file(folder / "csv/train.csv", "label,p0\n1,2\n");
  EXPECT_FALSE(has_one("csv")) << "no test split";
  write_file(folder / "csv/test.csv", "p0\n2\n");
  EXPECT_FALSE(has_one("csv")) << "the test.csv of Kaggle has no labels";
  write_file(folder / "csv/test.csv", "label,p0\n1,2\n");
  EXPECT_TRUE(has_one("csv"));
  write_file(folder / "png/train/a/1.png", "");
  write_file(folder / "png/test/1.png", "");
  EXPECT_FALSE(has_one("png"));
  write_file(folder / "png/test/a/1.png", "");
  EXPECT_TRUE(has_one("png"));
  EXPECT_FALSE(has_one("nothing"));
  EXPECT_TRUE(has_labelled_test_split("mnist"));
}

TEST(Dataset, PathsThatTheSystemRefusesAreErrors) {
  const std::string path(300, 'x');
  expect_error(ErrorCode::kIo, {"xxx", "too long"}, [&] { load_dataset(path, Split::kTrain); });
  expect_error(ErrorCode::kIo, {"xxx", "too long"}, [&] { load_inputs(path); });
  expect_error(ErrorCode::kIo, {"xxx", "too long"}, [&] { list_splits(path); });
}

TEST(Dataset, TakesEverySpellingOfTheNames) {
  const TemporaryFolder folder;
  write_idx_folder(folder / "a");
  fs::create_directories(folder / "b");
  const auto move = [&](const char* from, const std::string& to, bool pack) {
    const std::string bytes = read_back(folder / "a" / from);
    write_file(folder / "b" / to, pack ? deflate_gzip(bytes) : bytes);
  };
  move("train-images-idx3-ubyte", "train-images.idx3-ubyte", false);
  move("train-labels-idx1-ubyte", "train-labels.idx1-ubyte.gz", true);
  move("t10k-images-idx3-ubyte", "test-images-idx3-ubyte.gz", true);
  move("t10k-labels-idx1-ubyte", "t10k-labels-idx1-ubyte.gz", false);
  for (const Split split : {Split::kTrain, Split::kTest})
    EXPECT_EQ(load_dataset((folder / "a").string(), split).sha256,
              load_dataset((folder / "b").string(), split).sha256);
}

TEST(Dataset, RefusesCountsAndLabelsThatDoNotFit) {
  const TemporaryFolder folder;
  const auto bad = ErrorCode::kBadData;
  const auto load = [&](Split split) { return load_dataset(folder.path().string(), split); };
  write_idx_folder(folder.path(), "\1");
  expect_error(bad, {"train-labels-idx1-ubyte", "expected 2 labels", "train-images", "found 1"},
               [&] { load(Split::kTrain); });
  write_idx_folder(folder.path(), "\1\2", "\3");
  expect_error(bad, {"t10k-labels-idx1-ubyte", "[0, 2]", "found 3 at image 0"},
               [&] { load(Split::kTest); });
  write_file(folder / "class_names.txt", "zero\none\n");
  expect_error(bad, {"[0, 1]", "found 2 at image 1"}, [&] { load(Split::kTrain); });
  fs::remove(folder / "train-labels-idx1-ubyte");
  expect_error(bad, {"expected train-labels-idx1-ubyte"}, [&] { load(Split::kTrain); });
  fs::remove(folder / "t10k-images-idx3-ubyte");
  expect_error(bad, {"expected t10k-images-idx3-ubyte"}, [&] { load(Split::kTest); });
}

TEST(Dataset, TakesClassNamesFromTheFolder) {
  const TemporaryFolder folder;
  write_idx_folder(folder.path());
  write_file(folder / "class_names.txt", "\xef\xbb\xbfzero\r\none\ntwo\nthree\nfour\n\n");
  EXPECT_THAT(load_dataset(folder.path().string(), Split::kTrain).class_names,
              ElementsAre("zero", "one", "two", "three", "four"));
  write_file(folder / "class_names.txt", "\n");
  const auto load = [&] { load_dataset(folder.path().string(), Split::kTrain); };
  expect_error(ErrorCode::kBadData, {"class_names.txt", "found 0"}, load);
  write_file(folder / "class_names.txt", "zero\n\none\n");
  expect_error(ErrorCode::kBadData, {"class_names.txt: line 2", "a blank line"}, load);
  write_file(folder / "class_names.txt", "zero\none\nzero\n");
  expect_error(ErrorCode::kBadData, {"class_names.txt: line 3", "zero again"}, load);
}

// Root can read every file, but cannot follow a link to itself.
TEST(Dataset, FilesThatCannotBeLookedAtAreNotTakenForMissing) {
  const TemporaryFolder folder;
  fs::create_symlink("train-images-idx3-ubyte", folder / "train-images-idx3-ubyte");
  expect_error(ErrorCode::kIo, {"train-images-idx3-ubyte", "symbolic links"},
               [&] { load_dataset(folder.path().string(), Split::kTrain); });
}

TEST(Dataset, AStrayImageBesideTheClassesIsToldOf) {
  const TemporaryFolder folder;
  write_file(folder / "cat/1.png", encode_png({1, 1, 1, {7}}));
  write_file(folder / "preview.png", encode_png({1, 1, 1, {8}}));
  expect_error(ErrorCode::kBadData, {folder.path().string(), "found both"},
               [&] { load_dataset(folder.path().string(), Split::kTrain); });
}

TEST(Dataset, LoadsNamedDataSetsFromTheCache) {
  const TemporaryFolder cache;
  const ScopedEnvironment place("DIGITRY_DATA_DIR", cache.path().c_str());
  expect_error(ErrorCode::kUnavailable, {cache.path().string(), "digitry data fetch mnist"},
               [] { load_dataset("mnist", Split::kTrain); });
  write_idx_folder(cache / "fashion-mnist");
  const Dataset dataset = load_dataset("fashion-mnist", Split::kTest);
  EXPECT_EQ(dataset.num_classes(), 10);
  EXPECT_EQ(dataset.class_names[1], "Trouser");
  write_idx_folder(cache / "mnist", "\3\12");
  expect_error(ErrorCode::kBadData, {"[0, 9]", "found 10"},
               [] { load_dataset("mnist", Split::kTrain); });
}

TEST(Dataset, LoadsKaggleFolders) {
  const TemporaryFolder folder;
  write_file(folder / "train.csv", "label,pixel0\n3,1\n1,2\n");
  write_file(folder / "test.csv.gz", deflate_gzip("pixel0\n9\n"));
  const std::string path = folder.path().string();
  EXPECT_THAT(load_dataset(path, Split::kTrain).labels, ElementsAre(3, 1));
  const Dataset test = load_dataset(path, Split::kTest);
  EXPECT_FALSE(test.labelled());
  EXPECT_EQ(test.num_classes(), 4);
  EXPECT_THAT(list_splits(path), ElementsAre(Split::kTrain, Split::kTest));
  fs::remove(folder / "train.csv");
  expect_error(ErrorCode::kBadData, {"expected train.csv"},
               [&] { load_dataset(path, Split::kTrain); });
}

TEST(Dataset, LoadsImageFolders) {
  const TemporaryFolder folder;
  const std::string png = encode_png({1, 1, 1, {5}});
  write_file(folder / "split/train/a/1.png", png);
  write_file(folder / "split/train/b/1.png", png);
  write_file(folder / "split/test/b/1.png", png);
  write_file(folder / "bare/cat/1.png", png);
  const Dataset test = load_dataset((folder / "split").string(), Split::kTest);
  EXPECT_THAT(test.labels, ElementsAre(1)) << "class b of the training split";
  EXPECT_THAT(test.class_names, ElementsAre("a", "b"));
  for (const Split split : {Split::kTrain, Split::kTest})
    EXPECT_THAT(load_dataset((folder / "bare").string(), split).class_names, ElementsAre("cat"));
  EXPECT_THAT(list_splits((folder / "bare").string()), IsEmpty());
  write_file(folder / "split/test/c/1.png", png);
  expect_error(ErrorCode::kBadData, {"expected only the classes a, b, found the folder c"},
               [&] { load_dataset((folder / "split").string(), Split::kTest); });
}

TEST(Dataset, LoadsSingleFilesByContent) {
  const TemporaryFolder folder;
  write_idx_folder(folder.path());
  write_file(folder / "images.bin", idx_bytes({1, 1, 1}, "a"));
  write_file(folder / "digit", encode_png({1, 2, 1, {5, 6}}));
  write_file(folder / "rows", deflate_gzip("label,pixel0\n2,7\n"));
  EXPECT_THAT(load_inputs((folder / "train-images-idx3-ubyte").string()).labels, ElementsAre(3, 1));
  EXPECT_FALSE(load_inputs((folder / "images.bin").string()).labelled());
  write_file(folder / "train-labels-idx1-ubyte", "no labels at all");
  EXPECT_EQ(
      load_inputs((folder / "train-images-idx3-ubyte").string(), Labels::kIgnore).num_images(), 2);
  EXPECT_THAT(values(load_inputs((folder / "digit").string()).images), ElementsAre(5, 6));
  EXPECT_THAT(load_inputs((folder / "rows").string()).labels, ElementsAre(2));
  EXPECT_THAT(load_dataset((folder / "rows").string(), Split::kTrain).labels, ElementsAre(2));
}

TEST(Dataset, SaysWhatItTakesWhereItFindsSomethingElse) {
  const TemporaryFolder folder;
  const auto bad = ErrorCode::kBadData;
  const auto load = [&](const char* name) {
    return load_dataset((folder / name).string(), Split::kTrain);
  };
  write_file(folder / "empty", "");
  write_file(folder / "other.bin", "\1\2\3\4");
  fs::create_directories(folder / "nothing");
  expect_error(bad, {"mnsit", "mnist, fashion-mnist"},
               [] { load_dataset("mnsit", Split::kTrain); });
  expect_error(bad, {"empty: ", "empty file"}, [&] { load("empty"); });
  expect_error(bad, {"other.bin", "IDX, CSV, NPY, NPZ or PNG", "01 02 03 04"},
               [&] { load("other.bin"); });
  expect_error(bad, {"nothing: ", "train-images-idx3-ubyte"}, [&] { load("nothing"); });
  expect_error(bad, {"found a file of labels"}, [&] {
    write_idx_folder(folder.path());
    load("train-labels-idx1-ubyte");
  });
}

}  // namespace
}  // namespace digitry
