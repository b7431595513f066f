#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace digitry {

/// A drawing for gnuplot, independent of the output format: its size in CSS pixels and the commands
/// that draw it, including the data.
struct Figure {
  int width = 0;
  int height = 0;
  std::string commands;
};

enum class FigureFormat {
  kSvg,       ///< White background.
  kSvgClear,  ///< No background, for a page.
  kPng,       ///< White background, twice the size.
};

/// The mean width of a character of the figures' font, Helvetica at 13 pixels, in pixels.
inline constexpr double kCharacterWidth = 7.2;

struct FigureJob {
  const Figure& figure;
  FigureFormat format;
};

/// Draws each job with its own gnuplot process, in parallel, and returns the files' bytes in order.
/// Ignores the user's gnuplot settings.
/// Throws Error{kUnavailable} if gnuplot is not installed or fails.
std::vector<std::string> draw(const std::vector<FigureJob>& jobs);

/// `text` as a gnuplot string in double quotes. ASCII characters other than letters, digits and
/// spaces are written as octal codes, so `text` cannot end the string. (Single quotes are unsafe:
/// gnuplot 5.4 ends a string that begins with a doubled quote there and would run what follows.)
std::string gnuplot_quoted(std::string_view text);

}  // namespace digitry

// Shared style of the figures. On the page, themed_svg maps these colours to CSS variables.

namespace digitry::figure_style {

// Blue and vermilion of Okabe and Ito, "Color universal design", 2008: distinguishable with any
// colour vision, and in grey.
inline constexpr const char* kTraining = "#0072b2";
inline constexpr const char* kValidation = "#d55e00";
inline constexpr const char* kInk = "#333333";
inline constexpr const char* kGrid = "#e4e4e4";
inline constexpr const char* kMarker = "#888888";

// Evidence for the answer, and for the class that it is compared with.
inline constexpr std::uint32_t kAnswerRgb = 0xd55e00;
inline constexpr std::uint32_t kRivalRgb = 0x0072b2;

inline constexpr int kPanelWidth = 460;
inline constexpr int kPanelHeight = 320;

}  // namespace digitry::figure_style
