#pragma once

#include <cstdint>
#include <string>

#include "digitry/tensor/tensor.h"

namespace digitry::app {

/// Writes `images` (uint8 [N, C, H, W]), `per_row` beside one another, into one picture, ink dark
/// on light: a PNG file. The first of each row is set apart.
void write_sheet(const std::string& path, const Tensor& images, std::int64_t per_row);

}  // namespace digitry::app
