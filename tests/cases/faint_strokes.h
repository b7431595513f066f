#pragma once

#include <cstdint>
#include <span>

#include "digitry/base/random.h"
#include "digitry/tensor/tensor.h"
#include "tests/cases/drawn_scenes.h"

// Digits written with a thin pen that presses lightly for a while, for tests and for bench/vision.

namespace digitry::test {

struct FaintStrokeOptions {
  double scale = 4;          ///< Pixels of the picture per pixel of an image.
  double width = 1;          ///< Of the strokes, in pixels of the picture.
  double faintest = 0.2;     ///< Darkness in the middle of the faint part; elsewhere it is 1.
  double faint_length = 10;  ///< Along the stroke, in pixels of an image.
};

FaintStrokeOptions random_faint_strokes(RandomStream& random);

/// A row of four small and one of four large digits of a data set (uint8 [N,1,28,28]): their middle
/// lines, redrawn with a thin pen. A part of each is faint; if there is such a place, where the
/// digit is a single stroke, so that this alone connects its other parts.
Scene draw_faint_strokes(const Tensor& images, std::span<const std::int32_t> labels,
                         const FaintStrokeOptions& options, RandomStream& random);

}  // namespace digitry::test
