#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "digitry/serving/page.h"

namespace digitry::app {

/// Reads a picture for the page: what `digitry predict --json` tells of it, and of each digit all
/// probabilities and the image that the network saw. Throws Error{kBadData} where it is none, or
/// larger than a server should have to read, UnsupportedPicture if it is not PNG, JPEG or WebP. For
/// several threads at once.
std::string read_served_picture(const std::shared_ptr<const serving::ServedModel>& model,
                                std::string_view picture, serving::ReadEffort effort);

}  // namespace digitry::app
