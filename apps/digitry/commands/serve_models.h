#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/serving/inference/model_repository.h"
#include "digitry/serving/page/page_routes.h"

namespace digitry::app {

/// The models that a person means by the arguments of `digitry serve`, and their names: each is
/// NAME=MODEL, a shipped model (by its name), a model file (its name less the ending), the folder
/// of a run (the folder's name), or a folder of such.
/// Throws Error{kBadData} for a folder without a model, Error{kInvalidArgument} where a name cannot
/// be had from a path.
std::vector<serving::ModelSource> find_models(const std::vector<std::string>& arguments);

/// Reads a picture for the page: what `digitry predict --json` tells of it, and of each digit all
/// probabilities and the image that the network saw. Throws Error{kBadData} where it is none, or
/// larger than a server should have to read, UnsupportedPicture if it is not PNG, JPEG or WebP. For
/// several threads at once.
std::string read_served_picture(const std::shared_ptr<const serving::ServedModel>& model,
                                std::string_view picture, serving::ReadEffort effort);

/// The web page of `web/`, part of the program.
std::map<std::string, serving::PageFile> web_files();

}  // namespace digitry::app
