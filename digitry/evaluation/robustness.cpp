#include "digitry/evaluation/robustness.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "digitry/base/text.h"

namespace digitry {
namespace {

using OrderedJson = nlohmann::ordered_json;

std::int64_t num_correct_of(const LogitsOf& logits_of, const Tensor& images,
                            std::span<const std::int32_t> labels,
                            const std::vector<std::string>& class_names) {
  std::vector<std::int32_t> all(labels.size());
  std::iota(all.begin(), all.end(), 0);
  return evaluate_logits(logits_of(images, all), labels, class_names).num_correct;
}

Score score_of(double num_correct, std::int64_t num_images) {
  const auto correct = static_cast<std::int64_t>(num_correct);
  return {correct, num_correct / static_cast<double>(num_images),
          wilson_interval_95(correct, num_images)};
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
                               const ProgressSink& progress, Communicator& ranks) {
  // Of the unchanged images and under each corruption; 0 if another rank computes it.
  std::vector<double> num_correct(corruptions.size() + 1);
  const auto size = static_cast<std::size_t>(ranks.size());
  collectively(ranks, [&] {
    const auto count = [&](const Tensor& shown) {
      return static_cast<double>(num_correct_of(logits_of, shown, labels, class_names));
    };
    for (auto i = static_cast<std::size_t>(ranks.rank()); i < num_correct.size(); i += size) {
      if (i == 0) {
        num_correct[0] = count(images);
        continue;
      }
      if (progress) progress(to_string(corruptions[i - 1]), i - 1, corruptions.size());
      num_correct[i] = count(corrupt_images(images, corruptions[i - 1], seed));
    }
  });
  ranks.start_sum(num_correct);
  ranks.finish_sums();
  const std::int64_t num_images = std::ssize(labels);
  Robustness result{.num_images = num_images,
                    .seed = seed,
                    .clean = score_of(num_correct[0], num_images),
                    .corrupted = {}};
  for (std::size_t i = 0; i < corruptions.size(); ++i) {
    result.corrupted.push_back({corruptions[i], score_of(num_correct[i + 1], num_images)});
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
