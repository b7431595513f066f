// Trains on images of two bars, with the installed library alone, and classifies with the result.

#include "digitry/training/trainer.h"

#include <iostream>
#include <utility>

#include "digitry/data/dataset.h"
#include "digitry/model_io/classifier.h"
#include "digitry/model_io/model.h"
#include "digitry/training/recipe.h"

namespace {

constexpr const char* kRecipe = R"(
[[layers]]
type = "flatten"
[[layers]]
type = "dense"
out_features = 32
[[layers]]
type = "relu"
[[layers]]
type = "dense"
out_features = "classes"
[training]
epochs = 40
batch_size = 8
validation = 0.0
[optimizer]
type = "adam"
learning_rate = 0.02
)";

// Class 0: a bar from left to right. Class 1: one from top to bottom.
digitry::Dataset bars() {
  digitry::Dataset data;
  data.images = digitry::Tensor({40, 1, 5, 5}, digitry::DType::kU8);
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
  const digitry::Dataset data = bars();
  digitry::Trainer trainer(digitry::parse_recipe(kRecipe, "recipe"), data);
  trainer.run({});
  digitry::Network network(trainer.network().input_shape(), 2, trainer.network().layer_options());
  network.set_parameters(digitry::copy_of(trainer.network().parameters()));
  digitry::Model model;
  model.members = digitry::one_member(std::move(network));
  model.class_names = data.class_names;
  digitry::save_model(model, "bars.safetensors");

  digitry::Classifier classifier(digitry::load_model("bars.safetensors"));
  const digitry::Tensor logits = classifier.logits(data.images);
  int correct = 0;
  for (std::size_t i = 0; i < data.labels.size(); ++i) {
    const auto row = logits.as<float>().subspan(2 * i, 2);
    correct += (row[1] > row[0] ? 1 : 0) == data.labels[i] ? 1 : 0;
  }
  std::cout << correct << " of 40 right\n";
  return correct == 40 ? 0 : 1;
}
