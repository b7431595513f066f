#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "digitry/vision/reader.h"

namespace digitry {

/// The place of one box in the text.
struct Placed {
  std::size_t box = 0;        ///< Which.
  std::int64_t line = 0;      ///< From 0.
  bool space_before = false;  ///< Behind a gap as wide as between words.
};

/// Boxes in reading order: lines from the top, boxes from the left within a line. From left to
/// right, each box goes on with the line whose last box is level with it, so that lines may run up
/// or down a little.
std::vector<Placed> reading_order(std::span<const PixelBox> boxes);

}  // namespace digitry
