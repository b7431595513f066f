#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/serving/inference/model_repository.h"
#include "digitry/serving/page/page_routes.h"

namespace digitry::app {

/// The models in the arguments of `digitry serve`, and the names under which they are served. An
/// argument is NAME=MODEL, a shipped model (served under its name), a model file (its name without
/// the extension), the folder of a run (the folder's name), or a folder of runs and model files.
/// Throws Error{kBadData} if a folder has no model, Error{kInvalidArgument} if a path does not end
/// in a valid name.
std::vector<serving::ModelSource> find_models(const std::vector<std::string>& arguments);

/// Reads a picture for the page. Returns the JSON of `digitry predict --json`, and for each digit
/// all probabilities and the classifier's input (base64). Thread-safe. Throws UnsupportedPicture if
/// the bytes are a picture in another format than PNG, JPEG or WebP, Error{kBadData} if they are
/// not a picture or have more than 16,777,216 pixels.
std::string read_served_picture(const std::shared_ptr<const serving::ServedModel>& model,
                                std::string_view picture, serving::ReadEffort effort);

/// The files of the web page (`web/`), which are embedded in the program.
std::map<std::string, serving::PageFile> web_files();

}  // namespace digitry::app
