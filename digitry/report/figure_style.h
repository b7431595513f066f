#pragma once

#include <cstdint>

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
