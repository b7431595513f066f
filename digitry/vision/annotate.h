#pragma once

#include <string>
#include <vector>

#include "digitry/vision/reader.h"

namespace digitry {

/// The picture in colour with a frame around each digit and its class and probability above it:
/// green where it is known, red with a '?' where it is not. Class names that are not ASCII are
/// drawn as
/// '?'. Expects the picture that was read, and a name for each class.
Image annotate(const Image& picture, const Reading& reading,
               const std::vector<std::string>& class_names);

}  // namespace digitry
