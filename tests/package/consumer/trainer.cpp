// Trains on images of two bars, with the installed library alone, and classifies with the result.

#include <iostream>

#include "digitry/digitry.h"

using namespace digitry;

namespace {

// Class 0: a bar from left to right. Class 1: one from top to bottom.
Dataset bars() {
  Dataset data;
  data.images = Tensor({40, 1, 5, 5}, DType::kU8);
  data.class_names = {"lying", "standing"};
  const auto pixels = data.images.as<std::uint8_t>();
  for (int i = 0; i < 40; ++i) {
    data.labels.push_back(i % 2);
    for (int at = 0; at < 5; ++at) {
      const int bar = i / 2 % 5;
      pixels[static_cast<std::size_t>(25 * i + (i % 2 == 0 ? 5 * bar + at : 5 * at + bar))] = 255;
    }
  }
  return data;
}

}  // namespace

int main() {
  const Dataset data = bars();
  Recipe recipe;
  recipe.layers = {Flatten{}, Dense{.out_features = 32}, Relu{}, Dense{.out_features = 2}};
  recipe.optimizer = Adam{.learning_rate = 0.02};
  recipe.epochs = 40;
  recipe.batch_size = 8;
  recipe.validation = 0;
  save_model(fit(recipe, data), "bars.safetensors");

  const Evaluation evaluation = evaluate(load_model("bars.safetensors"), data);
  std::cout << summary_text(evaluation, "training");
  return evaluation.num_correct == 40 ? 0 : 1;
}
