#include "digitry/evaluation/evaluation_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

#include "digitry/base/text.h"

namespace digitry {
namespace {

constexpr std::size_t kMaxPairsShown = 8;
constexpr std::size_t kMaxNameLength = 40;  // in the table of classes
constexpr std::size_t kMaxClassesInMatrix = 26;

std::string percent(double fraction) { return fmt::format("{:.2f} %", 100 * fraction); }

}  // namespace

std::string accuracy_text(const Evaluation& e) {
  return fmt::format("{} (95 % interval {:.2f}-{:.2f} %), {} mistakes of {}", percent(e.accuracy),
                     100 * e.accuracy_95.low, 100 * e.accuracy_95.high,
                     grouped(e.num_images - e.num_correct), grouped(e.num_images));
}

std::string calibration_text(const Evaluation& e) {
  std::string text =
      fmt::format("error {:.2f} % (ECE), Brier score {:.4f}",
                  100 * e.calibration.expected_calibration_error, e.calibration.brier_score);
  if (e.temperature != 1)
    text += fmt::format("; logits divided by {:.2f}, else error {:.2f} %, loss {:.4f}",
                        e.temperature, 100 * e.uncalibrated.expected_calibration_error,
                        e.uncalibrated.negative_log_likelihood);
  return text;
}

std::string summary_text(const Evaluation& e, const std::string& split) {
  return fmt::format("{:<20}{}\n{:<20}{:.4f}\n{:<20}{}\n", split + " accuracy", accuracy_text(e),
                     split + " loss", e.loss, "calibration", calibration_text(e));
}

std::string class_table_text(const Evaluation& e) {
  std::string text;
  std::size_t width = 5;
  std::vector<std::string> names;
  for (const std::string& name : e.class_names) {
    names.push_back(elided(clean_utf8(name), kMaxNameLength));
    width = std::max(width, num_code_points(names.back()));
  }
  text += fmt::format("\n{:<{}}  precision  recall      f1  images\n", "class", width);
  for (std::size_t c = 0; c < e.per_class.size(); ++c) {
    const ClassMetrics& m = e.per_class[c];
    text +=
        fmt::format("{:<{}}  {:>9}  {:>6}  {:>6}  {:>6}\n", names[c], width,
                    fmt::format("{:.2f}", 100 * m.precision), fmt::format("{:.2f}", 100 * m.recall),
                    fmt::format("{:.2f}", 100 * m.f1), m.support);
  }
  return text;
}

std::string confusion_text(const Evaluation& e) {
  std::string text;
  if (e.confusion.size() > kMaxClassesInMatrix) return "";
  text += "\nconfusion matrix (rows: true class, columns: predicted)\n";
  const auto label = [&](std::size_t c) { return elided(clean_utf8(e.class_names[c]), 5); };
  text += fmt::format("{:>6}", "");
  for (std::size_t c = 0; c < e.confusion.size(); ++c) text += fmt::format("{:>6}", label(c));
  text += '\n';
  for (std::size_t row = 0; row < e.confusion.size(); ++row) {
    text += fmt::format("{:>6}", label(row));
    for (const std::int64_t count : e.confusion[row])
      text += count == 0 ? fmt::format("{:>6}", "·") : fmt::format("{:>6}", count);
    text += '\n';
  }
  return text;
}

std::string neighbours_text(const std::vector<Neighbour>& neighbours,
                            const std::vector<std::string>& class_names) {
  std::string text;
  for (const Neighbour& each : neighbours)
    text += fmt::format("{}{} #{}", text.empty() ? "" : ", ",
                        clean_utf8(class_names[static_cast<std::size_t>(each.label)]),
                        each.image_index);
  return text;
}

namespace {

// "  5/a.png": the file of an image, to end a line.
std::string file_of(const Evaluation& e, std::int64_t image) {
  return e.sources.empty() ? "" : "  " + clean_utf8(e.sources[static_cast<std::size_t>(image)]);
}

}  // namespace

std::string mistakes_text(const Evaluation& e, std::size_t max_mistakes,
                          std::span<const std::vector<Neighbour>> nearest) {
  std::string text;
  const auto name = [&](std::int32_t c) {
    return clean_utf8(e.class_names[static_cast<std::size_t>(c)]);
  };
  if (!e.most_confused.empty()) text += "\nmost confused\n";
  for (std::size_t i = 0; i < std::min(kMaxPairsShown, e.most_confused.size()); ++i) {
    const ConfusedPair& pair = e.most_confused[i];
    text += fmt::format("  {} classified as {}: {} times\n", name(pair.label), name(pair.predicted),
                        pair.count);
  }
  const std::size_t shown = std::min(max_mistakes, e.mistakes.size());
  if (shown > 0)
    text += fmt::format("\nmistakes, most confident first ({} of {})\n", shown, e.mistakes.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const LabelledPrediction& m = e.mistakes[i];
    text += fmt::format("  image {:>6}: {} classified as {}, {:.1f} % (true class {:.1f} %){}\n",
                        m.image_index, name(m.label), name(m.predicted),
                        100 * static_cast<double>(m.probability),
                        100 * static_cast<double>(m.label_probability), file_of(e, m.image_index));
    if (i < nearest.size())
      text += fmt::format("                nearest training images: {}\n",
                          neighbours_text(nearest[i], e.class_names));
  }
  return text;
}

std::string suspected_labels_text(const Evaluation& e, std::size_t most) {
  std::string text;
  const std::size_t shown = std::min(most, e.suspected_labels.images.size());
  if (shown == 0) return "";
  const auto name = [&](std::int32_t c) {
    return clean_utf8(e.class_names[static_cast<std::size_t>(c)]);
  };
  text += fmt::format(
      "\nsuspected label errors, most suspicious first ({} of {}; {} by confident learning)\n",
      shown, e.suspected_labels.images.size(), e.suspected_labels.num_confident);
  for (std::size_t i = 0; i < shown; ++i) {
    const LabelledPrediction& each = e.suspected_labels.images[i];
    text += fmt::format("  image {:>6}: labelled {}, looks like {}, {:.1f} %{}\n", each.image_index,
                        name(each.label), name(each.predicted),
                        100 * static_cast<double>(each.probability), file_of(e, each.image_index));
  }
  return text;
}

namespace {

using Json = nlohmann::ordered_json;

/// The double with the same shortest decimal form as the float: 0.1f becomes 0.1, not
/// 0.10000000149.
double shortest(float value) { return std::strtod(fmt::format("{}", value).c_str(), nullptr); }

std::string one_line(const Json& value) {
  // Folder names need not be UTF-8, but JSON must be.
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// A list with one element per line.
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
  const auto class_name = [&](std::int32_t c) {
    return clean_utf8(evaluation.class_names.at(static_cast<std::size_t>(c)));
  };
  const auto pair = [&](const ConfusedPair& p) {
    return Json{{"label", p.label},
                {"predicted", p.predicted},
                {"count", p.count},
                {"label_name", class_name(p.label)},
                {"predicted_name", class_name(p.predicted)}};
  };
  const auto prediction = [&](const LabelledPrediction& j) {
    Json entry{{"image_index", j.image_index},
               {"label", j.label},
               {"predicted", j.predicted},
               {"probability", shortest(j.probability)},
               {"label_probability", shortest(j.label_probability)},
               {"label_name", class_name(j.label)},
               {"predicted_name", class_name(j.predicted)}};
    if (!evaluation.sources.empty())
      entry["source"] = clean_utf8(evaluation.sources[static_cast<std::size_t>(j.image_index)]);
    return entry;
  };
  std::vector<Json> mistakes;
  for (const LabelledPrediction& mistake : evaluation.mistakes) {
    Json entry = prediction(mistake);
    if (mistakes.size() < nearest.size()) {
      Json list = Json::array();
      for (const Neighbour& each : nearest[mistakes.size()])
        list.push_back({{"image_index", each.image_index},
                        {"label", each.label},
                        {"distance", shortest(static_cast<float>(each.distance))}});
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
      {"suspected_labels", lines(evaluation.suspected_labels.images, prediction)},
  };
  std::string text;
  for (const auto& [name, value] : members) {
    text += fmt::format("{}\n  \"{}\": {}", text.empty() ? "{" : ",", name, value);
  }
  return text + "\n}\n";
}

std::string to_text(const Evaluation& evaluation, const std::string& split,
                    std::size_t max_mistakes, std::span<const std::vector<Neighbour>> nearest) {
  return summary_text(evaluation, split) + class_table_text(evaluation) +
         confusion_text(evaluation) + mistakes_text(evaluation, max_mistakes, nearest) +
         suspected_labels_text(evaluation, max_mistakes);
}

}  // namespace digitry
