#include "digitry/serving/page/page_routes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <exception>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/base/text.h"
#include "digitry/evaluation/occlusion.h"

namespace digitry::serving {

ImageRequest parse_image_request(std::string_view body, const char* key, const Model& model) {
  const std::array<std::string_view, 2> keys = {key, "image"};
  static constexpr std::array<std::string_view, 1> kOptionalKeys = {"replaces"};
  const std::vector<std::string> texts = parse_json_texts(body, keys, kOptionalKeys);
  ImageRequest request;
  request.label = texts[0];
  request.replaces = texts[2];
  if (std::ranges::find(model.class_names, request.label) == model.class_names.end())
    throw Error(ErrorCode::kBadData, "{}: expected one of {}, got \"{}\"", key,
                fmt::format("{}", fmt::join(model.class_names, ", ")), request.label);
  const std::optional<std::string> pixels = from_base64(texts[1]);
  const auto wanted = static_cast<std::size_t>(model.input_shape().num_elements());
  if (!pixels) throw Error(ErrorCode::kBadData, "image: expected base64 (RFC 4648, section 4)");
  if (pixels->size() != wanted)
    throw Error(ErrorCode::kBadData, "image: expected {} bytes, one per pixel, got {}", wanted,
                pixels->size());
  request.image = Tensor(model.input_shape().with_batch(1), DType::kU8);
  std::ranges::copy(*pixels, request.image.as<std::uint8_t>().begin());
  return request;
}

namespace {

using PageJson = nlohmann::ordered_json;

constexpr std::size_t kNumNearest = 5;

// Allows scripts, styles and requests of this server only. (Previews of pictures are blobs.)
constexpr const char* kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
// A report runs no scripts and makes no requests. `sandbox` enforces this, whatever it contains.
constexpr const char* kReportPolicy =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

Response page_json(const PageJson& json, int status = 200) {
  Response response;
  response.status = status;
  response.body = json.dump(-1, ' ', false, PageJson::error_handler_t::replace);
  return response;
}

Response html_response(std::string body, const char* policy) {
  Response response;
  response.content_type = "text/html; charset=utf-8";
  response.headers = {{"Content-Security-Policy", policy},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cross-Origin-Opener-Policy", "same-origin"}};
  response.body = std::move(body);
  return response;
}

Response model_missing(const std::optional<std::string>& name) {
  return error_response(404, name ? fmt::format("no model named \"{}\"", *name)
                                  : std::string("expected ?model=NAME; /v1/page lists the models"));
}

Response runs_disabled() {
  return error_response(403, "runs are disabled; digitry serve --runs DIR enables them");
}

// Browsers do not let pages of other servers send this type without a CORS preflight, which this
// server never grants.
BodyRules image_request_body() {
  return {.max_bytes = kMaxImageRequestBytes, .types = {"application/json"}};
}

BodyRules picture_body() {
  return {.max_bytes = std::numeric_limits<std::uint64_t>::max(),
          .types = {"image/png", "image/jpeg", "image/webp"}};
}

ReadEffort effort_of(const Request& request) {
  const std::string effort = request.query("effort").value_or("full");
  if (effort != "full" && effort != "quick")
    throw Error(ErrorCode::kBadData, "effort: expected quick or full, got \"{}\"", effort);
  return effort == "quick" ? ReadEffort::kQuick : ReadEffort::kFull;
}

LogitsOf logits_of(const ServedModel& model) {
  return [&model](const Tensor& images, std::span<const std::int32_t> indices) {
    return model.classifier().logits(images, indices);
  };
}

// The class to compare `asked` with: the most likely other class.
std::int32_t rival_of(std::span<const float> logits, std::int32_t asked) {
  std::int32_t rival = asked == 0 ? 1 : 0;
  for (std::int32_t c = 0; c < std::ssize(logits); ++c)
    if (c != asked && logits[static_cast<std::size_t>(c)] > logits[static_cast<std::size_t>(rival)])
      rival = c;
  return rival;
}

std::string nearest_json(const NearImages& nearest) {
  PageJson images = PageJson::array();
  for (const NearImage& image : nearest.images)
    images.push_back(
        {{"label", image.label}, {"image", base64(image.pixels)}, {"distance", image.distance}});
  PageJson json{{"nearest", images}, {"pending", nearest.pending}};
  if (!nearest.absence.empty()) json["no_nearest"] = nearest.absence;
  const std::string text = json.dump(-1, ' ', false, PageJson::error_handler_t::replace);
  return text.substr(1, text.size() - 2);
}

Response explanation(const ServedModel& served, const ImageRequest& request,
                     const NearImages& nearest) {
  const Model& model = served.model();
  if (model.class_names.size() < 2)
    throw Error(ErrorCode::kBadData, "explanations need a model with at least two classes");
  const auto asked = static_cast<std::int32_t>(std::ranges::find(model.class_names, request.label) -
                                               model.class_names.begin());
  const Tensor logits = served.classifier().logits(request.image);
  const std::int32_t rival = rival_of(logits.as<float>(), asked);
  const std::array contrast{Contrast{.image_index = 0, .answer = asked, .rival = rival}};
  const Tensor map = occlusion_maps(logits_of(served), request.image, contrast,
                                    default_patch(model.input_shape()));
  Response response;
  response.body = fmt::format(R"({{"class":{},"against":{},"evidence":[{:.4g}],{}}})",
                              json_quoted(request.label),
                              json_quoted(model.class_names[static_cast<std::size_t>(rival)]),
                              fmt::join(map.as<float>(), ","), nearest_json(nearest));
  return response;
}

}  // namespace

bool is_readable(const Model& model) { return model.input_shape() == Shape{1, 28, 28}; }

PageRoutes::PageRoutes(PageOptions options, ModelRepository& models)
    : options_(std::move(options)),
      models_(models),
      tasks_(options_.num_workers, options_.max_waiting) {
  if (!options_.corrections.empty()) corrections_.emplace(options_.corrections);
  if (!options_.runs.empty()) runs_.emplace(options_.runs);
}

void PageRoutes::add_routes(Router& router) {
  // `answer` returns the Response to a Call.
  const auto get = [&router](const char* pattern, auto answer) {
    router.add("GET", pattern, [answer](const Call& call) { call.respond(answer(call)); });
  };
  get("/", [this](const Call&) { return file("index.html"); });
  get("/assets/{name}", [this](const Call& call) { return file(call.parameter); });
  get("/v1/page", [this](const Call&) { return info(); });
  const auto add = [&](const char* pattern, auto handler, const BodyRules& body) {
    router.add(
        "POST", pattern, [this, handler](const Call& call) { (this->*handler)(call); }, body);
  };
  add("/v1/read", &PageRoutes::read, picture_body());
  add("/v1/explain", &PageRoutes::explain, image_request_body());
  add("/v1/corrections", &PageRoutes::correct, image_request_body());
  router.add("GET", "/v1/runs",
             [this](const Call& call) { in_background(call, [this] { return list_runs(); }); });
  for (const char* page : {"report.html", "tune.html"})
    router.add("GET", fmt::format("/runs/{{run}}/{}", page), [this, page](const Call& call) {
      in_background(call,
                    [this, page, run = std::string(call.parameter)] { return report(run, page); });
    });
}

Response PageRoutes::file(std::string_view name) const {
  const auto found = options_.files.find(std::string(name));
  if (found == options_.files.end())
    return error_response(404, fmt::format("no file named \"{}\"", name));
  if (name == "index.html") return html_response(std::string(found->second.content), kPagePolicy);
  Response response;
  response.content_type = found->second.content_type;
  response.body = found->second.content;
  return response;
}

Response PageRoutes::info() const {
  PageJson models = PageJson::array();
  for (const auto& entry : models_.entries()) {
    const Model& model = entry->current()->model();
    if (is_readable(model))
      models.push_back({{"name", entry->name()}, {"class_names", model.class_names}});
  }
  return page_json({{"models", models},
                    {"reads", static_cast<bool>(options_.read)},
                    {"corrections", corrections_.has_value()},
                    {"runs", runs_.has_value()}});
}

// Answers with the result of `answer`, which runs on another thread.
void PageRoutes::in_background(const Call& call, std::function<Response()> answer) {
  tasks_.submit([answer = std::move(answer), respond = call.respond] {
    Response response;
    try {
      response = answer();
    } catch (...) {
      response = failure_response(std::current_exception());
    }
    respond(std::move(response));
  });
}

void PageRoutes::read(const Call& call) {
  if (!options_.read)
    return call.respond(error_response(403, "reading pictures is disabled on this server"));
  const std::optional<std::string> name = call.request.query("model");
  const ModelEntry* entry = models_.find(name.value_or(""));
  if (entry == nullptr) return call.respond(model_missing(name));
  const std::shared_ptr<const ServedModel> model = entry->current();
  if (!is_readable(model->model()))
    throw Error(ErrorCode::kBadData, "{}: expected a model of images [1,28,28], got {}",
                entry->name(), model->model().input_shape().to_string());
  const ReadEffort effort = effort_of(call.request);
  in_background(
      call, [this, model, effort, name = entry->name(),
             picture = std::make_shared<const std::string>(std::move(call.request.body))] {
        std::string reading;
        try {
          reading = options_.read(model, *picture, effort);
        } catch (const UnsupportedPicture& error) {
          return error_response(415, error.what());
        }
        Response response;
        // `reading` is an object: its members follow "model".
        response.body = fmt::format("{{\"model\":{},{}", json_quoted(name), reading.substr(1));
        return response;
      });
}

void PageRoutes::explain(const Call& call) {
  const std::optional<std::string> name = call.request.query("model");
  const ModelEntry* entry = models_.find(name.value_or(""));
  if (entry == nullptr) return call.respond(model_missing(name));
  const std::shared_ptr<const ServedModel> model = entry->current();
  const auto request = std::make_shared<const ImageRequest>(
      parse_image_request(call.request.body, "class", model->model()));
  in_background(call, [this, model, request] {
    NearImages nearest;
    nearest.absence = "this server does not search training images";
    if (options_.nearest) nearest = options_.nearest(model, request->image, kNumNearest);
    return explanation(*model, *request, nearest);
  });
}

void PageRoutes::correct(const Call& call) {
  if (!corrections_)
    return call.respond(error_response(
        403, "corrections are disabled; digitry serve --corrections DIR enables them"));
  const std::optional<std::string> name = call.request.query("model");
  const ModelEntry* entry = models_.find(name.value_or(""));
  if (entry == nullptr) return call.respond(model_missing(name));
  const std::shared_ptr<const ServedModel> model = entry->current();
  const auto request = std::make_shared<const ImageRequest>(
      parse_image_request(call.request.body, "label", model->model()));
  in_background(call, [this, model, request] {
    try {
      const std::string saved = corrections_->save(request->image, request->label,
                                                   model->model().class_names, request->replaces);
      return page_json({{"saved", saved}}, 201);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUnavailable) throw;
      return error_response(409, error.what());
    }
  });
}

Response PageRoutes::list_runs() const {
  if (!runs_) return runs_disabled();
  PageJson runs = PageJson::array();
  for (const RunReport& run : runs_->list()) {
    PageJson json{{"name", run.name},
                  {"modified", run.modified},
                  {"report", fmt::format("/runs/{}/{}", percent_encoded(run.name), run.file)}};
    if (run.accuracy) json["accuracy"] = *run.accuracy;
    runs.push_back(std::move(json));
  }
  return page_json({{"runs", runs}});
}

Response PageRoutes::report(std::string_view run, std::string_view file) const {
  if (!runs_) return runs_disabled();
  const std::optional<std::string> name = percent_decoded(run);
  std::optional<std::string> page = name ? runs_->read(*name, file) : std::nullopt;
  if (!page)
    return error_response(404, fmt::format("no run named \"{}\" that has a {}", run, file));
  return html_response(std::move(*page), kReportPolicy);
}

}  // namespace digitry::serving
