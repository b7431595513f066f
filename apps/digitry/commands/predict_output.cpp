#include "apps/digitry/commands/predict_output.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <span>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/text.h"

namespace digitry::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxAlternatives = 3;
constexpr float kLeastAlternative = 0.0005F;

// A CSV field, quoted if necessary (RFC 4180).
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

double percent_of(float probability) { return 100 * static_cast<double>(probability); }

Json box_json(const PixelBox& box) {
  return {{"left", box.left}, {"top", box.top}, {"width", box.width}, {"height", box.height}};
}

// `known`, the opposite of `rejected`, is there for scripts written for version 0.1.
Json digit_json(const ReadDigit& digit, const std::vector<std::string>& class_names) {
  Json others = Json::array();
  for (const Alternative& other : alternatives_of(digit))
    others.push_back({{"label", class_names[other.label]}, {"probability", other.probability}});
  return {{"label", class_names[digit.label()]},
          {"rejected", digit.prediction.rejected},
          {"known", !digit.prediction.rejected},
          {"probability", digit.probability()},
          {"score", digit.prediction.score},
          {"in_distribution_score", digit.prediction.in_distribution_score},
          {"alternatives", others},
          {"line", digit.line + 1},
          {"box", box_json(digit.box)}};
}

class Printer {
 public:
  Printer(PredictFormat format, const std::vector<std::string>& class_names)
      : format_(format), class_names_(class_names) {}

  void begin(bool pictures, bool files) {
    files_ = files;
    if (format_ == PredictFormat::kJson) fmt::print("[");
    if (!csv()) return;
    if (pictures)
      fmt::print(
          "Source,Line,Place,Label,Probability,Rejected,Left,Top,Width,Height,Alternatives\n");
    else
      fmt::print("ImageId,Label{}{}{}\n", with_probability() ? ",Probability" : "",
                 with_rejected() ? ",Rejected" : "", files_ ? ",Source" : "");
  }

  void print(const PredictedImages& predicted) {
    const std::int64_t num_images = predicted.probabilities.shape()[0];
    const auto classes = static_cast<std::size_t>(predicted.probabilities.shape()[1]);
    for (std::int64_t i = 0; i < num_images; ++i) {
      const auto image = static_cast<std::size_t>(i);
      print_image(predicted, image,
                  predicted.probabilities.as<float>().subspan(image * classes, classes));
    }
  }

  void print(const PredictedPicture& predicted) {
    if (format_ == PredictFormat::kJson) return print_entry(json_of(predicted));
    if (csv()) return print_rows(predicted);
    const Reading& reading = predicted.reading;
    const std::string source = clean_utf8(predicted.source);
    if (reading.digits.empty()) {
      fmt::print("{}: no digits\n", source);
      return;
    }
    fmt::print("{}: {} digit{} in {} line{}\n", source, reading.digits.size(),
               reading.digits.size() == 1 ? "" : "s", reading.num_lines,
               reading.num_lines == 1 ? "" : "s");
    fmt::print("  {}\n", replace_all(clean_utf8(to_text(reading, class_names_)), "\n", "\n  "));
    for (const ReadDigit& digit : reading.digits) print_digit(digit);
  }

  void end() const {
    if (format_ == PredictFormat::kJson) fmt::print("\n]\n");
  }

 private:
  bool csv() const {
    return format_ == PredictFormat::kCsv || format_ == PredictFormat::kCsvWithProbability;
  }

  bool with_probability() const { return format_ == PredictFormat::kCsvWithProbability; }
  bool with_rejected() const { return files_ || with_probability(); }

  void print_entry(const Json& entry) {
    fmt::print("{}\n {}", num_entries_++ == 0 ? "" : ",",
               entry.dump(-1, ' ', false, Json::error_handler_t::replace));
  }

  void print_image(const PredictedImages& predicted, std::size_t image,
                   std::span<const float> probabilities) {
    ++num_images_;
    const auto label =
        static_cast<std::size_t>(std::ranges::max_element(probabilities) - probabilities.begin());
    const std::string& name = class_names_[label];
    const std::string& source =
        predicted.sources.empty() ? predicted.input : predicted.sources[image];
    const bool rejected = !predicted.rejected.empty() && predicted.rejected[image];
    if (csv()) {
      fmt::print("{},{}", num_images_, csv_field(name));
      if (with_probability()) fmt::print(",{:.6f}", probabilities[label]);
      if (with_rejected()) fmt::print(",{}", rejected ? "yes" : "no");
      if (files_) fmt::print(",{}", csv_field(source));
      fmt::print("\n");
    } else if (format_ == PredictFormat::kJson) {
      Json all = Json::object();
      for (std::size_t c = 0; c < class_names_.size(); ++c) all[class_names_[c]] = probabilities[c];
      Json entry = {{"image_id", num_images_},
                    {"source", source},
                    {"image_index", image},
                    {"label", name},
                    {"rejected", rejected},
                    {"known", !rejected},
                    {"in_distribution_score", predicted.in_distribution_scores[image]},
                    {"probability", probabilities[label]},
                    {"probabilities", all}};
      if (!predicted.polarities.empty()) entry["polarity"] = predicted.polarities[image];
      print_entry(entry);
    } else if (rejected) {
      fmt::print("{}[{}]  rejected  (nearest {}, {:.2f} %)\n", clean_utf8(source), image,
                 clean_utf8(name), percent_of(probabilities[label]));
    } else {
      fmt::print("{}[{}]  {}  {:.2f} %\n", clean_utf8(source), image, clean_utf8(name),
                 percent_of(probabilities[label]));
    }
  }

  void print_digit(const ReadDigit& digit) const {
    const std::string name = clean_utf8(class_names_[digit.label()]);
    const double percent = 100 * digit.probability();
    std::string others;
    for (const Alternative& other : alternatives_of(digit))
      others += fmt::format("{} {} {:.2f} %", others.empty() ? "  else" : ",",
                            clean_utf8(class_names_[other.label]), percent_of(other.probability));
    const std::string what = digit.prediction.rejected
                                 ? fmt::format("?  rejected (nearest {}, {:.2f} %)", name, percent)
                                 : fmt::format("{}  {:.2f} %", name, percent);
    fmt::print("  line {}  {}{}  at {},{}, {}x{}\n", digit.line + 1, what, others, digit.box.left,
               digit.box.top, digit.box.width, digit.box.height);
  }

  void print_rows(const PredictedPicture& predicted) const {
    std::int64_t line = -1;
    std::int64_t place = 0;
    for (const ReadDigit& digit : predicted.reading.digits) {
      place = digit.line == line ? place + 1 : 1;
      line = digit.line;
      std::string others;
      for (const Alternative& other : alternatives_of(digit))
        others += fmt::format("{}{}:{:.4f}", others.empty() ? "" : " ", class_names_[other.label],
                              other.probability);
      fmt::print("{},{},{},{},{:.6f},{},{},{},{},{},{}\n", csv_field(predicted.source), line + 1,
                 place, csv_field(class_names_[digit.label()]), digit.probability(),
                 digit.prediction.rejected ? "yes" : "no", digit.box.left, digit.box.top,
                 digit.box.width, digit.box.height, csv_field(others));
    }
  }

  Json json_of(const PredictedPicture& predicted) const {
    Json json{{"source", predicted.source}};
    json.update(reading_json(predicted.width, predicted.height, predicted.reading, class_names_));
    return json;
  }

  PredictFormat format_;
  const std::vector<std::string>& class_names_;
  bool files_ = false;  // Whether images come from a file each.
  std::int64_t num_images_ = 0;
  std::int64_t num_entries_ = 0;
};

}  // namespace

void print_predictions(const std::vector<Predicted>& predictions, PredictFormat format,
                       const std::vector<std::string>& class_names) {
  const auto is_picture = [](const Predicted& predicted) {
    return std::holds_alternative<PredictedPicture>(predicted);
  };
  const bool any_picture = std::ranges::any_of(predictions, is_picture);
  const bool csv = format == PredictFormat::kCsv || format == PredictFormat::kCsvWithProbability;
  if (csv && any_picture && !std::ranges::all_of(predictions, is_picture))
    throw Error(ErrorCode::kInvalidArgument,
                "--csv: expected only images of the model's size or only pictures, found both; "
                "--as images or --as pictures treats all files as one of them");
  Printer printer(format, class_names);
  const bool any_file = std::ranges::any_of(predictions, [](const Predicted& predicted) {
    const auto* images = std::get_if<PredictedImages>(&predicted);
    return images != nullptr && !images->sources.empty();
  });
  printer.begin(any_picture, any_file);
  for (const Predicted& predicted : predictions)
    std::visit([&](const auto& one) { printer.print(one); }, predicted);
  printer.end();
}

std::vector<Alternative> alternatives_of(const ReadDigit& digit) {
  const std::vector<float>& probabilities = digit.prediction.probabilities;
  std::vector<Alternative> others;
  for (std::size_t c = 0; c < probabilities.size(); ++c)
    if (c != digit.label() && probabilities[c] >= kLeastAlternative)
      others.push_back({c, probabilities[c]});
  std::ranges::stable_sort(others, std::greater{}, &Alternative::probability);
  if (others.size() > kMaxAlternatives) others.resize(kMaxAlternatives);
  return others;
}

nlohmann::ordered_json reading_json(std::int64_t width, std::int64_t height, const Reading& reading,
                                    const std::vector<std::string>& class_names) {
  Json digits = Json::array();
  for (const ReadDigit& digit : reading.digits) digits.push_back(digit_json(digit, class_names));
  Json left_out = Json::array();
  for (const LeftOut& foreign : reading.left_out)
    left_out.push_back({{"reason", to_string(foreign.reason)}, {"box", box_json(foreign.box)}});
  return {{"width", width},
          {"height", height},
          {"text", to_text(reading, class_names)},
          {"num_lines", reading.num_lines},
          {"light_ink", reading.light_ink},
          {"skew_degrees", reading.skew_degrees},
          {"slant_degrees", reading.slant_degrees},
          {"ruled_lines", reading.num_rules},
          {"digits", digits},
          {"left_out", left_out}};
}

}  // namespace digitry::app
