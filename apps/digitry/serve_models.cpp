#include "apps/digitry/serve_models.h"

#include <utility>

#include "apps/digitry/run_folder.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/model_io/shipped_models.h"

namespace digitry::app {
namespace fs = std::filesystem;
namespace {

using serving::ModelSource;

bool is_run(const fs::path& path) {
  return is_folder(path) && path_exists(RunFolder{path}.model());
}

// The file or the run, under the last part of its path.
ModelSource named_by_path(const fs::path& path) {
  const fs::path whole = fs::weakly_canonical(path);
  const bool is_file = !is_folder(path);
  std::string name = (is_file ? whole.stem() : whole.filename()).string();
  if (!serving::is_model_name(name))
    throw Error(ErrorCode::kInvalidArgument,
                "{}: cannot be served by the name \"{}\"; name it: digits={}", path.string(), name,
                path.string());
  return {.name = std::move(name), .path = model_file(path), .shipped = {}};
}

ModelSource under_name(std::string name, const std::string& model) {
  if (is_shipped_model(model)) return {.name = std::move(name), .path = {}, .shipped = model};
  return {.name = std::move(name), .path = model_file(model), .shipped = {}};
}

std::vector<ModelSource> models_in(const fs::path& folder) {
  std::vector<ModelSource> found;
  for (const fs::path& path : list_folder(folder))
    if (is_run(path) || (path.extension() == ".safetensors" && !is_folder(path)))
      found.push_back(named_by_path(path));
  if (found.empty())
    throw Error(ErrorCode::kBadData, "{}: neither a run nor a folder of models", folder.string());
  return found;
}

}  // namespace

std::vector<ModelSource> find_models(const std::vector<std::string>& arguments) {
  std::vector<ModelSource> sources;
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    if (equals != std::string::npos && !path_exists(argument)) {
      sources.push_back(under_name(argument.substr(0, equals), argument.substr(equals + 1)));
    } else if (is_shipped_model(argument)) {
      sources.push_back(under_name(argument, argument));
    } else if (is_folder(argument) && !is_run(argument)) {
      for (ModelSource& source : models_in(argument)) sources.push_back(std::move(source));
    } else {
      sources.push_back(named_by_path(argument));
    }
  }
  return sources;
}

}  // namespace digitry::app
