#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "digitry/base/random.h"
#include "digitry/image/image.h"
#include "digitry/tensor/tensor.h"

// What people photograph: digits with something around them. For tests and for bench/vision.

namespace digitry::test {

enum class SceneKind {
  kCrop,       ///< One digit cut out to its ink, without any margin.
  kCropPixel,  ///< The same with a margin of one pixel.
  kCropShare,  ///< The same with a margin of 5 % of its longer side.
  kTable,      ///< A turned sheet on a darker or lighter table, with grain, on one to four sides.
  kPen,        ///< A pen or pencil beside the digits.
  kThumb,      ///< A thumb that reaches into the sheet from the border.
  kHoles,      ///< The holes of a spiral along one side.
  kBoxes,      ///< A row of printed boxes, one digit in each.
  kGrid,       ///< A grid of several rows, one digit in each cell.
  kSquared,    ///< Squared paper.
  kFrame,      ///< One frame around the writing.
  kLamp,       ///< A bright spot and the hard shadow of something outside.
  kHeadline,   ///< A large digit over small ones.
  kColour,     ///< Coloured ink on coloured paper of about equal lightness.
  kEdge,       ///< A dark page edge or margin line at one side.
  kBlotches,   ///< Faint smudges and dashes, as a bad scan has.
  kRule,       ///< One ruled line at the feet of the digits.
  kSudoku,     ///< A printed grid of 9×9, out of focus and seen from aside, filled in by hand.
  kFaint,      ///< Thin strokes that are faint in part (faint_strokes.h).
};
inline constexpr std::array<std::string_view, 19> kSceneNames = {
    "crop",  "crop 1 px", "crop 5 %", "table",  "pen",  "thumb",    "holes",
    "boxes", "grid",      "squared",  "frame",  "lamp", "headline", "colour",
    "edge",  "blotches",  "rule",     "sudoku", "faint"};

struct Scene {
  Image picture;
  std::string text;  ///< The labels in reading order; '\n' between lines.
};

/// A scene of this kind with random digits of the data set: `images` is uint8 [N,1,28,28].
Scene draw_scene(const Tensor& images, std::span<const std::int32_t> labels, SceneKind kind,
                 RandomStream& random);

}  // namespace digitry::test
