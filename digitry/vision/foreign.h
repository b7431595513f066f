#pragma once

#include <vector>

#include "digitry/vision/components.h"

// Ink that is not writing, found by its shape, before anything is classified.

namespace digitry {

/// Moves to `left_out` what is not writing by its thickness, straightness, darkness and its place
/// at the border, and sets `digit_height` from what remains. Keeps everything if nothing would
/// remain.
void leave_out_foreign(Components& components, double stroke_width);

/// Erases the lines of printed boxes, grids and frames, except where strokes cross them: of a
/// component around others, the straight runs longer than the components inside are high. Returns
/// the boxes of the frames.
std::vector<cv::Rect> remove_frames(Paper& paper);

}  // namespace digitry
