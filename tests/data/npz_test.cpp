#include "digitry/data/dataset.h"
#include "tests/data/array_files.h"
#include "tests/data/test_files.h"

// Files of NumPy arrays as data sets.

namespace digitry {
namespace {

using namespace digitry::test;
using ::testing::ElementsAre;

// `count` images of 2x5 whose pixels are `value`.
std::string images_npy(int count, char value) {
  return npy_of("|u1", fmt::format("({}, 2, 5)", count),
                std::string(static_cast<std::size_t>(count) * 10, value));
}

std::string labels_npy(std::string_view labels) {
  return npy_of("|u1", fmt::format("({},)", labels.size()), labels);
}

int first_pixel(const Dataset& data) { return data.images.as<std::uint8_t>()[0]; }

TEST(Npz, ReadsTheSplitsUnderAllNames) {
  const TemporaryFolder root;
  const std::string path = (root / "data.npz").string();
  const std::vector<std::array<const char*, 4>> spellings = {
      {"x_train", "y_train", "x_test", "y_test"},
      {"X_train", "Y_train", "X_test", "Y_test"},
      {"train_images", "train_labels", "test_images", "test_labels"},
      {"training-data", "training-targets", "testing-data", "testing-targets"},
      {"trainX", "trainY", "testX", "testY"},
      {"xtrain", "ytrain", "xtest", "ytest"},
  };
  for (const auto& [x_train, y_train, x_test, y_test] : spellings) {
    write_file(path, npz_of({{y_test, labels_npy("\1")},
                             {x_test, images_npy(1, 9)},
                             {y_train, labels_npy(std::string("\0\1\2", 3))},
                             {x_train, images_npy(3, 5)},
                             {"readme", "not an array"}}));
    EXPECT_THAT(list_splits(path), ElementsAre(Split::kTrain, Split::kTest)) << x_train;
    EXPECT_TRUE(has_labelled_test_split(path));
    const Dataset train = load_dataset(path, Split::kTrain);
    EXPECT_THAT(train.labels, ElementsAre(0, 1, 2));
    EXPECT_THAT(train.class_names, ElementsAre("0", "1", "2"));
    EXPECT_EQ(train.image_shape(), (Shape{1, 2, 5}));
    EXPECT_EQ(first_pixel(train), 5);
    const Dataset test = load_dataset(path, Split::kTest);
    EXPECT_THAT(test.labels, ElementsAre(1));
    EXPECT_THAT(test.class_names, ElementsAre("0", "1", "2"));
    EXPECT_EQ(first_pixel(test), 9);
    EXPECT_EQ(first_pixel(load_inputs(path)), 9);
    expect_error(ErrorCode::kBadData, {path, "validation images", "found", x_train},
                 [&] { load_dataset(path, Split::kValidation); });
  }
}

TEST(Npz, ReadsValidationImages) {
  const TemporaryFolder root;
  const std::string path = (root / "medmnist.npz").string();
  write_file(path, npz_of({{"train_images", images_npy(2, 1)},
                           {"val_images", images_npy(1, 2)},
                           {"test_images", images_npy(1, 3)},
                           {"train_labels", npy_of("|u1", "(2, 1)", std::string("\0\1", 2))},
                           {"val_labels", npy_of("|u1", "(1, 1)", "\1")},
                           {"test_labels", npy_of("|u1", "(1, 1)", "\1")}}));
  EXPECT_THAT(list_splits(path), ElementsAre(Split::kTrain, Split::kValidation, Split::kTest));
  const Dataset validation = load_dataset(path, Split::kValidation);
  EXPECT_EQ(first_pixel(validation), 2);
  EXPECT_THAT(validation.labels, ElementsAre(1));
}

TEST(Npz, ReadsWeightsOfImages) {
  const TemporaryFolder root;
  const std::string path = (root / "data.npz").string();
  const auto write_weights = [&](const char* name, const std::string& weights) {
    write_file(path, npz_of({{"x_train", images_npy(2, 5)},
                             {"y_train", labels_npy(std::string("\0\1", 2))},
                             {"x_test", images_npy(1, 9)},
                             {"y_test", labels_npy("\1")},
                             {name, weights}}));
  };
  const std::string halves = npy_of("<f4", "(2,)", std::string("\0\0\0\x3f\0\0\0\0", 8));
  std::string hash;
  for (const char* name : {"sample_weight", "sample_weight_train", "trainWeights"}) {
    write_weights(name, halves);
    const Dataset train = load_dataset(path, Split::kTrain);
    EXPECT_THAT(train.weights, ElementsAre(0.5F, 0)) << name;
    EXPECT_THAT(train.notes, ElementsAre(std::string("images are weighted by ") + name));
    EXPECT_THAT(load_dataset(path, Split::kTest).weights, ElementsAre());
    hash = train.sha256;
  }
  write_weights("sample_weight", npy_of("|u1", "(2, 1)", "\3\1"));
  EXPECT_THAT(load_dataset(path, Split::kTrain).weights, ElementsAre(3, 1));
  EXPECT_NE(load_dataset(path, Split::kTrain).sha256, hash);
  const auto expect_problem = [&](const std::string& weights, std::vector<std::string> words) {
    write_weights("sample_weight", weights);
    words.insert(words.begin(), path);
    expect_error(ErrorCode::kBadData, words, [&] { load_dataset(path, Split::kTrain); });
  };
  expect_problem(npy_of("|u1", "(1,)", "\1"), {"expected 2 weights", "found 1"});
  expect_problem(npy_of("|u1", "(1, 2)", "\1\1"), {"(N,)", "(1, 2)"});
  expect_problem(npy_of("|i1", "(2,)", "\1\xff"), {"at least 0", "-1 at 1"});
}

TEST(Npz, KnowsWhatANameOfTwoWordsMeans) {
  const TemporaryFolder root;
  const std::string path = (root / "data.npz").string();
  write_file(path, npz_of({{"data", images_npy(2, 5)},
                           {"data_labels", labels_npy(std::string("\0\1", 2))}}));
  EXPECT_THAT(load_dataset(path, Split::kTrain).labels, ElementsAre(0, 1));
  // Beside images of a split, those of none are not its test images.
  write_file(path, npz_of({{"images", images_npy(1, 5)},
                           {"x_train", images_npy(2, 6)},
                           {"y_train", labels_npy(std::string("\0\1", 2))}}));
  EXPECT_EQ(first_pixel(load_dataset(path, Split::kTrain)), 6);
  expect_error(ErrorCode::kBadData, {path, "test images", "x_train"},
               [&] { load_dataset(path, Split::kTest); });
}

TEST(Npz, ReadsArraysWithoutNamesByTheirShapes) {
  const TemporaryFolder root;
  const std::string path = (root / "data.npz").string();
  const std::string labels = labels_npy(std::string("\0\1", 2));
  write_file(path, npz_of({{"arr_0", images_npy(2, 1)}, {"arr_1", labels}}));
  EXPECT_TRUE(list_splits(path).empty());
  EXPECT_THAT(load_dataset(path, Split::kTrain).labels, ElementsAre(0, 1));
  // In the order of train_test_split, and in that of Keras' load_data.
  for (const bool sklearn : {false, true}) {
    const auto second = std::pair{sklearn ? "arr_2" : "arr_1", labels};
    const auto third = std::pair{sklearn ? "arr_1" : "arr_2", images_npy(2, 7)};
    write_file(path, npz_of({{"arr_0", images_npy(2, 5)},
                             sklearn ? third : second,
                             sklearn ? second : third,
                             {"arr_3", labels_npy(std::string("\1\1", 2))}}));
    EXPECT_EQ(first_pixel(load_dataset(path, Split::kTrain)), 5);
    EXPECT_EQ(first_pixel(load_dataset(path, Split::kTest)), 7);
    EXPECT_THAT(load_dataset(path, Split::kTest).labels, ElementsAre(1, 1));
  }
}

TEST(Npz, ReadsFoldersOfArrays) {
  const TemporaryFolder root;
  const auto kmnist = root / "kmnist";
  write_file(kmnist / "kmnist-train-imgs.npz", npz_of({{"arr_0", images_npy(2, 5)}}));
  write_file(kmnist / "kmnist-train-labels.npz",
             npz_of({{"arr_0", labels_npy(std::string("\0\1", 2))}}));
  write_file(kmnist / "kmnist-test-imgs.npz", npz_of({{"arr_0", images_npy(1, 6)}}));
  write_file(kmnist / "kmnist-test-labels.npz", npz_of({{"arr_0", labels_npy("\1")}}));
  write_file(kmnist / "class_names.txt", "o\nki\n");
  EXPECT_EQ(first_pixel(load_dataset(kmnist.string(), Split::kTrain)), 5);
  EXPECT_EQ(first_pixel(load_dataset(kmnist.string(), Split::kTest)), 6);
  EXPECT_THAT(load_dataset(kmnist.string(), Split::kTest).class_names, ElementsAre("o", "ki"));

  const auto npy = root / "npy";
  write_file(npy / "x_train.npy", images_npy(2, 8));
  write_file(npy / "y_train.npy", labels_npy(std::string("\1\0", 2)));
  EXPECT_THAT(list_splits(npy.string()), ElementsAre(Split::kTrain));
  EXPECT_THAT(load_dataset(npy.string(), Split::kTrain).labels, ElementsAre(1, 0));
  EXPECT_EQ(first_pixel(load_inputs((npy / "x_train.npy").string())), 8);
}

// `mnist` by name, as Keras left it.
TEST(Npz, FindsWhatKerasFetched) {
  const TemporaryFolder root;
  const ScopedEnvironment data("DIGITRY_DATA_DIR", (root / "none").c_str());
  const ScopedEnvironment home("HOME", (root / "home").c_str());
  const ScopedEnvironment keras("KERAS_HOME", nullptr);
  write_file(root / "home/.keras/datasets/mnist.npz",
             npz_of({{"x_train", images_npy(2, 4)}, {"y_train", labels_npy("\1\2")}}));
  const Dataset train = load_dataset("mnist", Split::kTrain);
  EXPECT_EQ(first_pixel(train), 4);
  EXPECT_EQ(train.num_classes(), 10);
  const ScopedEnvironment elsewhere("KERAS_HOME", (root / "keras").c_str());
  expect_error(ErrorCode::kUnavailable, {"digitry data fetch mnist"},
               [&] { load_dataset("mnist", Split::kTrain); });
}

TEST(Npz, RejectsAmbiguousArrays) {
  const TemporaryFolder root;
  const std::string path = (root / "data.npz").string();
  const auto expect_bad = [&](const std::string& bytes, const std::vector<std::string>& parts) {
    write_file(path, bytes);
    expect_error(ErrorCode::kBadData, parts, [&] { load_dataset(path, Split::kTrain); });
  };
  expect_bad(npz_of({{"x_train", images_npy(2, 1)}, {"train_images", images_npy(2, 1)}}),
             {path, "x_train and train_images"});
  expect_bad(npz_of({{"weights", labels_npy("\1")}, {"bias", labels_npy("\1")}}),
             {path, "named like x_train", "weights, bias"});
  expect_bad(zip_of({zip_entry("0/a.png", "x")}), {path, "unpack it and pass the folder"});
  expect_bad(npz_of({{"x_train", images_npy(2, 1)}, {"y_train", labels_npy("\1")}}),
             {path, "y_train", "expected 2 labels", "found 1"});
}

}  // namespace
}  // namespace digitry
