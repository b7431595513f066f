#include "digitry/evaluation/robustness.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "digitry/base/text.h"

namespace digitry {
namespace {

using OrderedJson = nlohmann::ordered_json;

Score score_of(const LogitsOf& logits_of, const Tensor& images,
               std::span<const std::int32_t> labels, const std::vector<std::string>& class_names) {
  std::vector<std::int32_t> all(labels.size());
  std::iota(all.begin(), all.end(), 0);
  const Evaluation evaluation = evaluate_logits(logits_of(images, all), labels, class_names);
  return {evaluation.num_correct, evaluation.accuracy, evaluation.accuracy_95};
}

void add_score(OrderedJson& json, const Score& score) {
  json["accuracy"] = score.accuracy;
  json["accuracy_95"] = {score.accuracy_95.low, score.accuracy_95.high};
  json["num_correct"] = score.num_correct;
}

std::string score_row(const std::string& name, const Score& score, std::int64_t num_images) {
  return fmt::format("{:<18}{:>8} %{:>18} %{:>10}\n", name, percent_number(score.accuracy, 2),
                     fmt::format("{}-{}", percent_number(score.accuracy_95.low, 2),
                                 percent_number(score.accuracy_95.high, 2)),
                     grouped(num_images - score.num_correct));
}

}  // namespace

Robustness evaluate_robustness(const LogitsOf& logits_of, const Tensor& images,
                               std::span<const std::int32_t> labels,
                               const std::vector<std::string>& class_names,
                               std::span<const Corruption> corruptions, std::uint64_t seed,
                               const ProgressSink& progress) {
  Robustness result{.num_images = std::ssize(labels),
                    .seed = seed,
                    .clean = score_of(logits_of, images, labels, class_names),
                    .corrupted = {}};
  for (const Corruption corruption : corruptions) {
    if (progress) progress(to_string(corruption), result.corrupted.size(), corruptions.size());
    const Tensor corrupted = corrupt_images(images, corruption, seed);
    result.corrupted.push_back({corruption, score_of(logits_of, corrupted, labels, class_names)});
    result.mean_accuracy += result.corrupted.back().score.accuracy;
  }
  result.mean_accuracy /= static_cast<double>(corruptions.size());
  return result;
}

std::string to_json(const Robustness& robustness) {
  OrderedJson clean, corrupted = OrderedJson::array();
  add_score(clean, robustness.clean);
  for (const CorruptedScore& each : robustness.corrupted) {
    OrderedJson row;
    row["corruption"] = to_string(each.corruption);
    add_score(row, each.score);
    corrupted.push_back(row);
  }
  const OrderedJson json{{"num_images", robustness.num_images},
                         {"seed", robustness.seed},
                         {"clean", clean},
                         {"corrupted", corrupted},
                         {"mean_accuracy", robustness.mean_accuracy}};
  return json.dump(2) + "\n";
}

std::string to_text(const Robustness& robustness, const std::string& split) {
  std::string text =
      fmt::format("{} {} images\n\n{:<18}{:>10}{:>20}{:>10}\n", grouped(robustness.num_images),
                  split, "corruption", "accuracy", "95 % interval", "mistakes");
  text += score_row("none", robustness.clean, robustness.num_images);
  for (const CorruptedScore& each : robustness.corrupted)
    text += score_row(to_string(each.corruption), each.score, robustness.num_images);
  text += fmt::format("{:<18}{:>8} %\n", fmt::format("mean of {}", robustness.corrupted.size()),
                      percent_number(robustness.mean_accuracy, 2));
  return text;
}

}  // namespace digitry
