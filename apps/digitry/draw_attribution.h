#pragma once

#include <string>

#include "digitry/report/attribution.h"
#include "digitry/report/thumbnails.h"

namespace digitry::app {

/// An image in text, tinted by what spoke for and against; a character stands for two pixels, one
/// above the other. Without 24-bit colours: + for the answer, - for its rival, dots for other ink.
/// Wants pictures of one size.
std::string draw_attribution(const Thumbnail& image, const AttributionPicture& attribution,
                             bool color);

}  // namespace digitry::app
