#include "tests/app/small_mnist.h"

#include <algorithm>
#include <span>

#include "digitry/data/dataset.h"
#include "digitry/data/idx.h"

namespace digitry::test {
namespace fs = std::filesystem;
namespace {

void write_first(Split split, std::int64_t count, const fs::path& folder,
                 const std::string& prefix) {
  const Dataset all = load_dataset("mnist", split);
  Tensor images(all.image_shape().with_batch(count), DType::kU8);
  const auto pixels = all.images.as<std::uint8_t>();
  std::copy_n(pixels.begin(), images.num_elements(), images.as<std::uint8_t>().begin());
  write_idx_images(folder / (prefix + "-images-idx3-ubyte"), images);
  write_idx_labels(folder / (prefix + "-labels-idx1-ubyte"),
                   std::span(all.labels).first(static_cast<std::size_t>(count)));
}

}  // namespace

const fs::path& small_mnist() {
  static const TemporaryFolder folder;
  static const bool made = [] {
    write_first(Split::kTrain, 3000, folder.path(), "train");
    write_first(Split::kTest, 1000, folder.path(), "t10k");
    return true;
  }();
  static_cast<void>(made);
  return folder.path();
}

}  // namespace digitry::test
