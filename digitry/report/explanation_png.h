#pragma once

#include <string>
#include <vector>

#include "digitry/image/image.h"
#include "digitry/report/attribution.h"

namespace digitry {

/// One explained image as a PNG on white, enlarged, from left to right: the image, the same tinted
/// by what spoke for and against, the images nearest to it. Expects pictures of one size.
std::string encode_explanation_png(const Image& image, const AttributionPicture& attribution,
                                   const std::vector<Image>& nearest);

}  // namespace digitry
