#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// How many digits a picture is expected to have, and the choice of a reading that has as many.

namespace digitry {

/// "dd.dd.dddd": 'd' is a digit, anything else separates digits.
struct DigitPattern {
  std::string text;
  std::size_t num_digits = 0;
  /// For 0, 1, …, num_digits: whether a separator follows that many digits.
  std::vector<bool> separators;
};

inline constexpr std::int64_t kMaxExpectedDigits = 1000;

/// Throws Error{kInvalidArgument} if the pattern has no 'd', or more than `kMaxExpectedDigits`
/// characters.
DigitPattern parse_pattern(std::string_view text);

/// A pattern of that many digits and no separators. Throws Error{kInvalidArgument} for numbers
/// outside [1, kMaxExpectedDigits].
DigitPattern pattern_of(std::int64_t num_digits);

/// The pattern with digits in the place of each 'd'. Expects one text per digit.
std::string fill_pattern(std::string_view pattern, std::span<const std::string> digits);

/// One way to read a part of the writing.
struct ReadingOption {
  std::size_t num_digits = 0;  ///< 0: the part is no digit.
  double cost = 0;
};

/// The index of the cheapest option of each part, among those with digits. Each part has one.
std::vector<std::size_t> choose_readings(std::span<const std::vector<ReadingOption>> parts);

/// The cheapest options with as many digits as the pattern has, for parts in reading order. A part
/// that is where the pattern has a separator may be left out at no more than `kSeparatorCost`.
/// Empty if no options have that many digits.
std::vector<std::size_t> choose_readings(std::span<const std::vector<ReadingOption>> parts,
                                         const DigitPattern& pattern);

inline constexpr double kSeparatorCost = 0.5;

}  // namespace digitry
