#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>

#include "digitry/base/file.h"
#include "digitry/base/random.h"
#include "digitry/data/dataset.h"
#include "digitry/data/idx.h"
#include "digitry/training/recipe.h"
#include "tests/support/networks.h"

namespace digitry::test {

/// A data set that is easy to learn: 1×8×8 images with noise and a bright blob whose position
/// determines one of three classes. Classes alternate.
inline Dataset blobs(std::int64_t count, std::uint64_t seed = 1) {
  Dataset data;
  data.images = Tensor({count, 1, 8, 8}, DType::kU8);
  data.class_names = {"left", "middle", "right"};
  data.name = "blobs";
  data.sha256 = "blobs" + std::to_string(count) + "-" + std::to_string(seed);
  RandomStream random(seed, RandomPurpose::kTest);
  const auto pixels = data.images.as<std::uint8_t>();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t label = i % 3;
    data.labels.push_back(static_cast<std::int32_t>(label));
    const float x0 = 1.5F + 2.25F * static_cast<float>(label) + 0.4F * random.next_normal();
    const float y0 = 3.5F + random.next_normal();
    for (std::int64_t y = 0; y < 8; ++y)
      for (std::int64_t x = 0; x < 8; ++x) {
        const float dx = static_cast<float>(x) - x0;
        const float dy = static_cast<float>(y) - y0;
        const float value = 220 * std::exp(-(dx * dx + dy * dy) / 2) + 30 * random.next_float();
        pixels[static_cast<std::size_t>((i * 8 + y) * 8 + x)] =
            static_cast<std::uint8_t>(std::min(value, 255.0F));
      }
  }
  return data;
}

/// A short training of a small network that uses every kind of layer.
inline Recipe blob_recipe() {
  Recipe recipe;
  recipe.name = "blobs";
  recipe.layers = {flatten(), dense(24), relu(), dropout(0.2), dense(3)};
  recipe.epochs = 4;
  recipe.batch_size = 32;
  recipe.validation = 0.2;
  recipe.seed = 7;
  recipe.precision = "f32";  // The same on every machine.
  recipe.data = "blobs";
  recipe.optimizer = Adam{.learning_rate = 0.01};
  recipe.schedule = OneCycle{};
  return recipe;
}

/// Writes `data` below `folder` in the layout of MNIST's files, as the training and as the test
/// split.
inline void write_mnist_layout(const Dataset& data, const std::filesystem::path& folder) {
  make_folder(folder);
  for (const std::string split : {"train", "t10k"}) {
    write_idx_images(folder / (split + "-images-idx3-ubyte"), data.images);
    write_idx_labels(folder / (split + "-labels-idx1-ubyte"), data.labels);
  }
}

}  // namespace digitry::test
