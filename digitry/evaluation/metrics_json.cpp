#include "digitry/evaluation/metrics_json.h"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

namespace digitry {
namespace {

using Json = nlohmann::ordered_json;

/// The double whose shortest decimal form is the float's own: 0.1f gives 0.1, not 0.10000000149.
double tidy(float value) { return std::strtod(fmt::format("{}", value).c_str(), nullptr); }

std::string one_line(const Json& value) {
  // Names of folders need not be UTF-8; JSON has to be.
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// A list with one element a line.
template <typename Range, typename ToJson>
std::string lines(const Range& range, const ToJson& to_json_value) {
  std::string text = "[";
  const char* separator = "\n    ";
  for (const auto& element : range) {
    text += separator + one_line(to_json_value(element));
    separator = ",\n    ";
  }
  return text + (text.size() > 1 ? "\n  ]" : "]");
}

}  // namespace

std::string to_json(const Evaluation& evaluation, std::span<const std::vector<Neighbour>> nearest) {
  std::vector<Json> classes;
  for (std::size_t c = 0; c < evaluation.per_class.size(); ++c) {
    const ClassMetrics& metrics = evaluation.per_class[c];
    classes.push_back({{"class", evaluation.class_names.at(c)},
                       {"precision", metrics.precision},
                       {"recall", metrics.recall},
                       {"f1", metrics.f1},
                       {"support", metrics.support}});
  }
  const auto as_is = [](const auto& value) { return Json(value); };
  const auto pair = [](const ConfusedPair& p) {
    return Json{{"label", p.label}, {"predicted", p.predicted}, {"count", p.count}};
  };
  const auto judgement = [](const Judgement& j) {
    return Json{{"image_index", j.image_index},
                {"label", j.label},
                {"predicted", j.predicted},
                {"probability", tidy(j.probability)},
                {"label_probability", tidy(j.label_probability)}};
  };
  std::vector<Json> mistakes;
  for (const Judgement& mistake : evaluation.mistakes) {
    Json entry = judgement(mistake);
    if (mistakes.size() < nearest.size()) {
      Json list = Json::array();
      for (const Neighbour& each : nearest[mistakes.size()])
        list.push_back({{"image_index", each.image_index},
                        {"label", each.label},
                        {"distance", tidy(static_cast<float>(each.distance))}});
      entry["nearest"] = std::move(list);
    }
    mistakes.push_back(std::move(entry));
  }
  const Calibration& calibration = evaluation.calibration;
  std::vector<Json> bins;
  for (const ReliabilityBin& bin : calibration.bins)
    bins.push_back({{"low", bin.low},
                    {"high", bin.high},
                    {"num_images", bin.num_images},
                    {"confidence", bin.confidence},
                    {"accuracy", bin.accuracy}});
  const std::pair<const char*, std::string> members[] = {
      {"num_images", one_line(evaluation.num_images)},
      {"num_correct", one_line(evaluation.num_correct)},
      {"accuracy", one_line(evaluation.accuracy)},
      {"accuracy_95", one_line({evaluation.accuracy_95.low, evaluation.accuracy_95.high})},
      {"loss", one_line(evaluation.loss)},
      {"expected_calibration_error", one_line(calibration.expected_calibration_error)},
      {"brier_score", one_line(calibration.brier_score)},
      {"temperature", one_line(evaluation.temperature)},
      {"uncalibrated",
       one_line({{"loss", evaluation.uncalibrated.negative_log_likelihood},
                 {"expected_calibration_error", evaluation.uncalibrated.expected_calibration_error},
                 {"brier_score", evaluation.uncalibrated.brier_score}})},
      {"reliability", lines(bins, as_is)},
      {"per_class", lines(classes, as_is)},
      {"confusion", lines(evaluation.confusion, as_is)},
      {"most_confused", lines(evaluation.most_confused, pair)},
      {"mistakes", lines(mistakes, as_is)},
      {"num_confident_label_errors", one_line(evaluation.suspected_labels.num_confident)},
      {"suspected_labels", lines(evaluation.suspected_labels.images, judgement)},
  };
  std::string text;
  for (const auto& [name, value] : members) {
    text += fmt::format("{}\n  \"{}\": {}", text.empty() ? "{" : ",", name, value);
  }
  return text + "\n}\n";
}

}  // namespace digitry
