#include "apps/digitry/commands/serve_models.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "apps/digitry/commands/predict_output.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/text.h"
#include "digitry/model_io/model.h"
#include "digitry/model_io/trained_form.h"
#include "digitry/training/run_folder.h"
#include "digitry/vision/decode.h"
#include "digitry/vision/reader.h"
#include "digitry/vision/small_picture.h"
#include "digitry_embedded/web_icon_svg.h"
#include "digitry_embedded/web_index_html.h"
#include "digitry_embedded/web_page_css.h"
#include "digitry_embedded/web_page_js.h"

namespace digitry::app {
namespace fs = std::filesystem;
namespace {

using serving::ModelSource;

bool is_run(const fs::path& path) {
  return is_folder(path) && path_exists(RunFolder{path}.model());
}

// Named after the last part of its path.
ModelSource named_by_path(const fs::path& path) {
  const fs::path whole = fs::weakly_canonical(path);
  const bool is_file = !is_folder(path);
  std::string name = (is_file ? whole.stem() : whole.filename()).string();
  if (!serving::is_model_name(name))
    throw Error(ErrorCode::kInvalidArgument,
                "{}: \"{}\" is not a valid model name; choose one: digits={}", path.string(), name,
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
    throw Error(ErrorCode::kBadData, "{}: expected a run or a folder of models, found neither",
                folder.string());
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

namespace {

// Enough for a camera's picture; the page sends smaller ones. A larger one takes seconds to read.
constexpr std::int64_t kMaxServedPixels = std::int64_t{1} << 24;

// The formats of browsers and cameras. Each further decoder would be exposed to untrusted bytes.
constexpr std::array kServedFormats = {PictureFormat::kPng, PictureFormat::kJpeg,
                                       PictureFormat::kWebp};

void check_format(std::string_view picture) {
  if (!looks_like_picture(picture)) return;  // The decoder throws a better error.
  const std::optional<PictureFormat> format = picture_format(picture);
  if (!format || std::ranges::find(kServedFormats, *format) == kServedFormats.end())
    throw serving::UnsupportedPicture(
        ErrorCode::kBadData,
        "the picture: expected PNG, JPEG or WebP, got another format; convert it first");
}

}  // namespace

std::string read_served_picture(const std::shared_ptr<const serving::ServedModel>& model,
                                std::string_view picture, serving::ReadEffort effort) {
  check_format(picture);
  const Image decoded = decode_picture(picture, "the picture", kMaxServedPixels, kServedFormats);
  const bool full = effort == serving::ReadEffort::kFull;
  const ReadOptions options{
      .find_skew = full, .remove_rules = full, .split_touching = full, .on_stage = {}};
  const bool small = decoded.height == kMnistSide && decoded.width == kMnistSide &&
                     trained_form(model->model()) == "mnist";
  const Reading reading = small ? read_small_picture(decoded, model->classifier(), options).reading
                                : read_digits(decoded, model->classifier(), options);
  auto json = reading_json(decoded.width, decoded.height, reading, model->model().class_names);
  for (std::size_t i = 0; i < reading.digits.size(); ++i) {
    const ReadDigit& digit = reading.digits[i];
    json["digits"][i]["probabilities"] = digit.prediction.probabilities;
    json["digits"][i]["image"] =
        base64({reinterpret_cast<const char*>(digit.image.data()), digit.image.size()});
  }
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::map<std::string, serving::PageFile> web_files() {
  return {{"index.html", {"text/html; charset=utf-8", embedded::web_index_html()}},
          {"page.js", {"text/javascript; charset=utf-8", embedded::web_page_js()}},
          {"page.css", {"text/css; charset=utf-8", embedded::web_page_css()}},
          {"icon.svg", {"image/svg+xml", embedded::web_icon_svg()}}};
}

}  // namespace digitry::app
