#pragma once

#include <algorithm>
#include <cstdint>

#include "digitry/model_io/model.h"
#include "digitry/nn/predictor.h"
#include "tests/support/networks.h"
#include "tests/support/values.h"

namespace digitry::test {

/// A small model with everything a model has: 1×4×4 images, three classes.
inline Model small_model() {
  return {.network =
              random_network({1, 4, 4}, 3, {flatten(), dense(5), relu(), dropout(0.25), dense(3)}),
          .preprocessing = {.pixel_scale = 0.01F, .pixel_offset = -0.5F},
          .class_names = {"zero", "one \"1\"", "zwei \xC3\xA4"},
          .provenance = {{"seed", "7"}, {"recipe", "name = \"mlp\"\n[training]\n"}},
          .temperature = 1.3F,
          .refusal_threshold = 0.75F};
}

/// What the model computes from ten random images: (10, classes), the same for equal models.
inline Tensor logits_of(const Model& model) {
  Tensor images(model.network.input_shape().with_batch(10), DType::kU8);
  auto pixels = images.as<std::uint8_t>();
  std::ranges::copy(random_pixels(std::ssize(pixels), 1), pixels.begin());
  return Predictor(model.network, model.preprocessing).logits(images);
}

}  // namespace digitry::test
