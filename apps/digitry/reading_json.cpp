#include "apps/digitry/reading_json.h"

#include <algorithm>

namespace digitry::app {
namespace {

using ReadingJson = nlohmann::ordered_json;

constexpr std::size_t kMaxAlternatives = 3;
constexpr float kLeastAlternative = 0.0005F;

ReadingJson digit_json(const ReadDigit& digit, const std::vector<std::string>& class_names) {
  ReadingJson others = ReadingJson::array();
  for (const Alternative& other : alternatives_of(digit))
    others.push_back({{"label", class_names[other.label]}, {"probability", other.probability}});
  return {{"label", class_names[digit.label()]},
          {"known", digit.verdict.known},
          {"probability", digit.verdict.probabilities[digit.label()]},
          {"score", digit.verdict.score},
          {"familiarity", digit.verdict.familiarity},
          {"alternatives", others},
          {"line", digit.line + 1},
          {"box",
           {{"left", digit.box.left},
            {"top", digit.box.top},
            {"width", digit.box.width},
            {"height", digit.box.height}}}};
}

}  // namespace

std::vector<Alternative> alternatives_of(const ReadDigit& digit) {
  const std::vector<float>& probabilities = digit.verdict.probabilities;
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
  ReadingJson digits = ReadingJson::array();
  for (const ReadDigit& digit : reading.digits) digits.push_back(digit_json(digit, class_names));
  return {{"width", width},
          {"height", height},
          {"text", to_text(reading, class_names)},
          {"num_lines", reading.num_lines},
          {"light_ink", reading.light_ink},
          {"skew_degrees", reading.skew_degrees},
          {"slant_degrees", reading.slant_degrees},
          {"ruled_lines", reading.num_rules},
          {"digits", digits}};
}

}  // namespace digitry::app
