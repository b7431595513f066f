#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "digitry/evaluation/evaluate.h"
#include "digitry/model_io/classifier.h"
#include "digitry/model_io/model.h"
#include "tests/support/networks.h"
#include "tests/support/values.h"

namespace digitry::test {

/// A small model that uses every feature of a model: 1×4×4 images, three classes.
inline Model small_model(std::uint64_t seed = 1) {
  return {.members = one_member(random_network(
              {1, 4, 4}, 3, {flatten(), dense(5), relu(), dropout(0.25), dense(3)}, seed)),
          .preprocessing = {.pixel_scale = 0.01F, .pixel_offset = -0.5F},
          .tta = {},
          .class_names = {"zero", "one \"1\"", "zwei \xC3\xA4"},
          .provenance = {{"seed", "7"}, {"recipe", "name = \"mlp\"\n[training]\n"}},
          .temperature = 1.3F,
          .rejection_threshold = 0.75F};
}

/// Three such models combined, the last of temperature 0.5.
inline Model three_networks() {
  std::vector<Model> models;
  for (const std::uint64_t seed : {1, 2, 3}) models.push_back(small_model(seed));
  models[2].temperature = 0.5F;
  return combine(std::move(models), {"a", "b", "c"});
}

/// Random images with the input shape of the model.
inline Tensor random_images(const Model& model, std::int64_t count) {
  Tensor images(model.input_shape().with_batch(count), DType::kU8);
  auto pixels = images.as<std::uint8_t>();
  std::ranges::copy(random_pixels(std::ssize(pixels), 1), pixels.begin());
  return images;
}

inline Tensor ten_images(const Model& model) { return random_images(model, 10); }

/// A function that returns the output of `predictor`, which must outlive it.
inline LogitsOf logits_by(auto& predictor) {
  return [&](const Tensor& images, std::span<const std::int32_t> image_indices) {
    return predictor.logits(images, image_indices);
  };
}

/// The output of the model for ten random images, [10, classes]: equal for equal models.
inline Tensor logits_of(const Model& model) { return Classifier(model).logits(ten_images(model)); }

}  // namespace digitry::test
