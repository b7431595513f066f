#include "tests/report/report_content.h"

#include <algorithm>

namespace digitry::test {

ReportContent make_content(const ContentOptions& options) {
  const auto num_classes = static_cast<std::int64_t>(options.class_names.size());
  ReportContent content;
  content.title = "mlp on strokes";
  content.split = "test";
  content.command = "digitry train --recipe mlp";
  content.recipe = "[network]\nunits = 512\n";
  content.images = Tensor({options.num_images, 1, options.height, options.width}, DType::kU8);
  const auto pixels = content.images.as<std::uint8_t>();
  const std::int64_t area = options.height * options.width;
  Tensor logits({options.num_images, num_classes}, DType::kF32);
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < options.num_images; ++i) {
    for (std::int64_t row = 0; row < options.height; ++row) {
      const std::int64_t column = row * options.width / options.height;
      pixels[static_cast<std::size_t>(i * area + row * options.width + column)] = 255;
    }
    pixels[static_cast<std::size_t>(i * area + 2 + i % (options.width - 4))] = 200;
    const std::int64_t label = i % num_classes;
    const bool mistaken = options.mistake_every > 0 && i % options.mistake_every == 0;
    const std::int64_t predicted = (label + (mistaken ? 1 : 0)) % num_classes;
    labels.push_back(static_cast<std::int32_t>(label));
    logits.as<float>()[static_cast<std::size_t>(i * num_classes + predicted)] =
        1.0f + 0.1f * static_cast<float>(i % 40);
  }
  content.evaluation = evaluate_logits(logits, labels, options.class_names);
  for (std::int64_t epoch = 1; epoch <= options.num_epochs; ++epoch) {
    EpochRecord record;
    record.epoch = epoch;
    record.loss = 0.4 / static_cast<double>(epoch);
    record.accuracy = 1 - 0.1 / static_cast<double>(epoch);
    record.val_loss = 0.5 / static_cast<double>(epoch);
    record.val_accuracy = 1 - 0.15 / static_cast<double>(epoch);
    content.history.epochs.push_back(record);
  }
  content.history.best_epoch = options.num_epochs;
  content.layers = {{"1 dense", "[512]", 401'920, 401'408}, {"2 dense", "[4]", 2'052, 2'048}};
  content.training = {{"Seed", "42"}};
  content.environment = {{"Machine", "a computer"}};
  content.data = {{"SHA-256", "ba89"}};
  return content;
}

ReportContent explained_content(const ContentOptions& options) {
  constexpr std::size_t kExplained = 3, kNearest = 2;
  ReportContent content = make_content(options);
  Explanations& explanations = content.explanations;
  explanations.attributions = Tensor({kExplained, options.height, options.width}, DType::kF32);
  const auto size = static_cast<std::size_t>(options.height * options.width);
  for (std::size_t i = 0; i < kExplained; ++i) {
    explanations.attributions.as<float>()[i * size] = 2;
    explanations.attributions.as<float>()[(i + 1) * size - 1] = -1;
    const LabelledPrediction& mistake = content.evaluation.mistakes[i];
    const auto index = static_cast<std::int64_t>(i);
    explanations.nearest.push_back(
        {{.image_index = 100 + index, .label = mistake.predicted, .distance = 1},
         {.image_index = 200 + index, .label = mistake.label, .distance = 2}});
  }
  explanations.patch_size = 4;
  explanations.nearest_images =
      Tensor(content.images.shape().without_batch().with_batch(kExplained * kNearest), DType::kU8);
  explanations.num_searched = 50;
  explanations.num_trained = 1000;
  explanations.num_features = 16;
  for (std::int64_t i = 0; i < options.num_images; ++i)
    explanations.map.push_back(
        {.image_index = i,
         .label = static_cast<std::int32_t>(i % std::ssize(options.class_names)),
         .x = static_cast<float>(i),
         .y = static_cast<float>(i % 7)});
  return content;
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) {
    ++count;
  }
  return count;
}

}  // namespace digitry::test
