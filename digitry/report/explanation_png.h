#pragma once

#include <string>
#include <vector>

#include "digitry/report/attribution.h"
#include "digitry/report/thumbnails.h"

namespace digitry {

/// One explained image as a PNG on white, enlarged, from left to right: the image, the same tinted
/// by what spoke for and against, the images nearest to it. Wants pictures of one size.
std::string encode_explanation_png(const Thumbnail& image, const AttributionPicture& attribution,
                                   const std::vector<Thumbnail>& nearest);

}  // namespace digitry
