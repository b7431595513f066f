#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace digitry {

/// A drawing for gnuplot, for whichever terminal: its size in CSS pixels and the commands that
/// draw it, data included.
struct Figure {
  int width = 0;
  int height = 0;
  std::string commands;
};

enum class FigureFormat {
  kSvg,       ///< On white.
  kSvgClear,  ///< Without a background: for a page.
  kPng,       ///< On white, at twice the size.
};

/// The mean width of a character of the figures' font, Helvetica at 13 pixels, in pixels.
inline constexpr double kCharacterWidth = 7.2;

struct FigureJob {
  const Figure& figure;
  FigureFormat format;
};

/// Draws each job by a gnuplot of its own, all at once, and gives the files' bytes in order.
/// The user's own gnuplot settings are not read.
/// Throws Error{kUnavailable} where gnuplot is not installed, saying how to get it, or fails.
std::vector<std::string> draw(const std::vector<FigureJob>& jobs);

/// `text` as a gnuplot string that nothing in it can end: in double quotes, all ASCII but letters,
/// digits and spaces by number. (In single quotes, gnuplot 5.4 ends a string that begins
/// with a doubled quote right there: what follows would run.)
std::string gnuplot_quoted(std::string_view text);

}  // namespace digitry

// What the figures of a report have in common. The page maps these colours to its own variables
// (themed_svg).

namespace digitry::figure_style {

// Blue and vermilion of Okabe and Ito, "Color universal design", 2008: told apart with any kind of
// colour vision, and in grey.
inline constexpr const char* kTraining = "#0072b2";
inline constexpr const char* kValidation = "#d55e00";
inline constexpr const char* kInk = "#333333";
inline constexpr const char* kGrid = "#e4e4e4";
inline constexpr const char* kMarker = "#888888";

// Of pixels that spoke for the answer, and for the class that it is held against.
inline constexpr std::uint32_t kAnswerRgb = 0xd55e00;
inline constexpr std::uint32_t kRivalRgb = 0x0072b2;

inline constexpr int kPanelWidth = 460;
inline constexpr int kPanelHeight = 320;

}  // namespace digitry::figure_style
