#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/image/thumbnails.h"
#include "digitry/report/attribution.h"
#include "digitry/tensor/tensor.h"

namespace digitry::app {

struct DrawOptions {
  int width = 80;      ///< Columns to stay within.
  bool color = false;  ///< Grey tones by 24-bit colours; plain characters otherwise.
  int per_row = 0;     ///< Images beside one another; 0: as many as fit at a legible size.
};

/// Pictures of images in text, several beside one another with the names of their classes below,
/// made smaller by whole factors until a few fit in a row. One character stands for two pixels, one
/// above the other. Expects one channel at least; shows the first.
std::string draw_images(const Dataset& dataset, std::span<const std::int64_t> image_indices,
                        const DrawOptions& options);

/// `count` images to show: the first of each class, then the second of each class...; the first
/// ones where there are no labels. Where `among` names images, only those.
std::vector<std::int64_t> pick_samples(const Dataset& dataset, std::int64_t count,
                                       std::span<const std::int32_t> among = {});

/// An image in text, tinted by what spoke for and against; a character stands for two pixels, one
/// above the other. Without 24-bit colours: + for the answer, - for its rival, dots for other ink.
/// Expects pictures of one size.
std::string draw_attribution(const Image& image, const AttributionPicture& attribution, bool color);

/// Writes `images` (uint8 [N, C, H, W]), `per_row` beside one another, into one picture, ink dark
/// on light: a PNG file. The first of each row is set apart.
void write_sheet(const std::string& path, const Tensor& images, std::int64_t per_row);

}  // namespace digitry::app
