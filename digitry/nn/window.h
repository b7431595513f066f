#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "digitry/base/error.h"
#include "digitry/tensor/shape.h"

namespace digitry {

/// The square window of a convolution or a pooling.
struct Window {
  std::int64_t kernel_size = 1;
  std::int64_t stride = 1;
  std::int64_t padding = 0;  ///< Zeros a side.

  /// [channels, OH, OW] of an image [C, IH, IW], OH = ⌊(IH + 2P − K)/S⌋ + 1.
  /// Throws Error{kShapeMismatch}, beginning with `layer`, where the window does not fit.
  Shape output_shape(const std::string& layer, const Shape& input, std::int64_t channels) const {
    const std::int64_t seen = kernel_size - 2 * padding;
    const std::int64_t least = std::max<std::int64_t>(seen, 1);
    if (input.rank() != 3 || input[1] < least || input[2] < least)
      throw Error(ErrorCode::kShapeMismatch, "{}: want [channels, height ≥ {}, width ≥ {}], got {}",
                  layer, least, least, input.to_string());
    return {channels, (input[1] - seen) / stride + 1, (input[2] - seen) / stride + 1};
  }
};

}  // namespace digitry
