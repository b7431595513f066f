#include "digitry/vision/pattern.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "digitry/base/error.h"

namespace digitry {

DigitPattern parse_pattern(std::string_view text) {
  DigitPattern pattern{.text = std::string(text), .num_digits = 0, .separators = {false}};
  if (text.size() > static_cast<std::size_t>(kMaxExpectedDigits))
    throw Error(ErrorCode::kInvalidArgument, "pattern: expected at most {} characters, got {}",
                kMaxExpectedDigits, text.size());
  for (const char c : text) {
    if (c != 'd') {
      pattern.separators.back() = true;
      continue;
    }
    ++pattern.num_digits;
    pattern.separators.push_back(false);
  }
  if (pattern.num_digits == 0)
    throw Error(ErrorCode::kInvalidArgument,
                "pattern '{}': expected a 'd' for each digit, such as 'dd.dd.dddd'", text);
  return pattern;
}

DigitPattern pattern_of(std::int64_t num_digits) {
  if (num_digits < 1 || num_digits > kMaxExpectedDigits)
    throw Error(ErrorCode::kInvalidArgument, "expected number of digits: expected 1 to {}, got {}",
                kMaxExpectedDigits, num_digits);
  return parse_pattern(std::string(static_cast<std::size_t>(num_digits), 'd'));
}

std::string fill_pattern(std::string_view pattern, std::span<const std::string> digits) {
  std::string text;
  std::size_t next = 0;
  for (const char c : pattern) {
    if (c == 'd')
      text += digits[next++];
    else
      text += c;
  }
  return text;
}

std::vector<std::size_t> choose_readings(std::span<const std::vector<ReadingOption>> parts) {
  std::vector<std::size_t> chosen;
  for (const std::vector<ReadingOption>& options : parts) {
    std::size_t best = options.size();
    for (std::size_t i = 0; i < options.size(); ++i)
      if (options[i].num_digits > 0 &&
          (best == options.size() || options[i].cost < options[best].cost))
        best = i;
    chosen.push_back(best);
  }
  return chosen;
}

std::vector<std::size_t> choose_readings(std::span<const std::vector<ReadingOption>> parts,
                                         const DigitPattern& pattern) {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  struct Arrival {
    double cost = kNever;
    std::size_t option = 0;
  };
  const std::size_t most = pattern.num_digits;
  // By number of parts and number of digits in them.
  std::vector<std::vector<Arrival>> arrivals(parts.size() + 1, std::vector<Arrival>(most + 1));
  arrivals[0][0].cost = 0;
  for (std::size_t part = 0; part < parts.size(); ++part)
    for (std::size_t count = 0; count <= most; ++count)
      for (std::size_t i = 0; i < parts[part].size(); ++i) {
        const ReadingOption& option = parts[part][i];
        if (option.num_digits > most - count) continue;
        const bool separates = option.num_digits == 0 && pattern.separators[count];
        const double cost = arrivals[part][count].cost +
                            (separates ? std::min(option.cost, kSeparatorCost) : option.cost);
        Arrival& there = arrivals[part + 1][count + option.num_digits];
        if (cost < there.cost) there = {cost, i};
      }
  if (arrivals[parts.size()][most].cost == kNever) return {};
  std::vector<std::size_t> chosen(parts.size());
  std::size_t count = most;
  for (std::size_t part = parts.size(); part > 0; --part) {
    chosen[part - 1] = arrivals[part][count].option;
    count -= parts[part - 1][chosen[part - 1]].num_digits;
  }
  return chosen;
}

}  // namespace digitry
