#include "digitry/serving/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <future>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/base/version.h"
#include "digitry/serving/http/session.h"
#include "digitry/serving/inference/inference_protocol.h"
#include "digitry_embedded/openapi_json.h"

namespace digitry::serving {
namespace {

using Clock = std::chrono::steady_clock;
using ServedJson = nlohmann::ordered_json;

// Paths that need no token: probes, and the page with its form for the token.
bool is_open(std::string_view path) {
  return path.starts_with("/v2/health/") || path == "/" || path.starts_with("/assets/") ||
         path == "/v1/session";
}

Response json_response(const ServedJson& json) {
  Response response;
  response.body = json.dump(-1, ' ', false, ServedJson::error_handler_t::replace);
  return response;
}

// Parsed JSON takes up to twelve times its length in memory. An image of 784 numbers is at most 3
// KiB of JSON, so this allows 600 images; binary requests may have more.
constexpr std::uint64_t kMaxInferenceJson = std::uint64_t{2} << 20;
// Longer bodies are parsed on a thread that serves no connections.
constexpr std::size_t kMaxParsedAtOnce = std::size_t{1} << 17;
// Bodies that wait for that thread; each has up to --max-body-mib.
constexpr std::size_t kMaxUnparsed = 64;

BodyRules inference_body() {
  return {.max_bytes = std::numeric_limits<std::uint64_t>::max(),
          .max_json_bytes = kMaxInferenceJson,
          .types = {"application/json", "application/octet-stream"},
          .needs_type = false,
          .advice = "send fewer images, or send the pixels in binary (docs/serving.md)"};
}

// Whether a page of another server sent this. Browsers send Origin; other clients need not.
bool is_from_elsewhere(const Request& request) {
  const std::string* origin = request.find_header("Origin");
  if (origin == nullptr || request.method == "GET" || request.method == "HEAD") return false;
  const std::string* host = request.find_header("Host");
  const std::size_t scheme = origin->find("://");
  return host == nullptr || scheme == std::string::npos ||
         !same_name(std::string_view(*origin).substr(scheme + 3), *host);
}

// Length of the JSON at the start of the body.
std::size_t json_size(const Request& request) {
  const std::string* header = request.find_header("Inference-Header-Content-Length");
  if (header == nullptr) return request.body.size();
  std::size_t size = 0;
  const char* end = header->data() + header->size();
  const auto [stop, error] = std::from_chars(header->data(), end, size);
  if (error != std::errc() || stop != end)
    throw Error(ErrorCode::kBadData,
                "Inference-Header-Content-Length: expected a number of bytes, got {}", *header);
  return size;
}

ServedJson tensor_json(std::string_view name, std::string_view datatype,
                       const std::vector<std::int64_t>& shape) {
  return {{"name", name}, {"datatype", datatype}, {"shape", shape}};
}

ServedJson metadata_json(const std::string& name, const Model& model) {
  const std::int64_t classes = static_cast<std::int64_t>(model.class_names.size());
  std::vector<std::int64_t> input_shape{-1};
  for (const std::int64_t extent : model.input_shape().extents()) input_shape.push_back(extent);
  ServedJson json;
  json["name"] = name;
  json["platform"] = "digitry_safetensors";
  json["inputs"] = ServedJson::array();
  json["inputs"].push_back(tensor_json(kInputName, "UINT8", input_shape));
  json["outputs"] = ServedJson::array();
  json["outputs"].push_back(tensor_json("logits", "FP32", {-1, classes}));
  json["outputs"].push_back(tensor_json("probabilities", "FP32", {-1, classes}));
  json["outputs"].push_back(tensor_json("class", "BYTES", {-1}));
  json["class_names"] = model.class_names;
  return json;
}

Response no_such_model(std::string_view name) {
  return error_response(404, fmt::format("no model named \"{}\"", name));
}

Response no_such_route(const Request& request, const std::string& allowed) {
  if (allowed.empty())
    return error_response(
        404, fmt::format("no such path: {}; /openapi.json lists the paths", request.path()));
  Response response = error_response(405, fmt::format("method {} not allowed for {}; allowed: {}",
                                                      request.method, request.path(), allowed));
  response.headers.emplace_back("Allow", allowed);
  return response;
}

// What the log needs of a request that waits for its answer. The Request may be gone by then.
struct Pending {
  std::string client;
  std::string method;
  std::string target;
  std::string_view route;
  std::size_t request_bytes = 0;
  Clock::time_point start;
  Respond respond;
};

}  // namespace

Service::Service(ServiceOptions options, ModelRepository& models, Metrics& metrics)
    : options_(std::move(options)),
      models_(models),
      metrics_(metrics),
      page_(std::move(options_.page), models),
      sessions_({.token = options_.token, .secure = options_.secure}),
      parsers_(/*num_workers=*/1, kMaxUnparsed) {
  add_routes();
  page_.add_routes(router_);
}

void Service::add_routes() {
  // `answer` returns the Response to a Call.
  const auto get = [this](const char* pattern, auto answer) {
    router_.add("GET", pattern, [answer](const Call& call) { call.respond(answer(call)); });
  };
  get("/v2", [](const Call&) {
    ServedJson json{{"name", "digitry"}, {"version", version()}};
    json["extensions"] = {"binary_tensor_data"};
    return json_response(json);
  });
  get("/v2/health/live", [](const Call&) { return json_response({{"live", true}}); });
  get("/v2/health/ready", [this](const Call&) {
    return draining_ ? unavailable_response("server is shutting down")
                     : json_response({{"ready", true}});
  });
  get("/v2/models/{name}", [this](const Call& call) {
    const ModelEntry* entry = models_.find(call.parameter);
    return entry == nullptr
               ? no_such_model(call.parameter)
               : json_response(metadata_json(entry->name(), entry->current()->model()));
  });
  get("/v2/models/{name}/ready", [this](const Call& call) {
    const ModelEntry* entry = models_.find(call.parameter);
    return entry == nullptr ? no_such_model(call.parameter)
                            : json_response({{"name", entry->name()}, {"ready", true}});
  });
  router_.add(
      "POST", "/v2/models/{name}/infer", [this](const Call& call) { infer(call); },
      inference_body());
  router_.add("POST", "/v1/session",
              [this](const Call& call) { call.respond(sessions_.begin(call.request)); },
              {.max_bytes = kMaxSessionRequestBytes, .types = {"application/json"}});
  get("/metrics", [this](const Call&) {
    Response response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = metrics_.text();
    return response;
  });
  get("/openapi.json", [](const Call&) {
    Response response;
    response.body = embedded::openapi_json();
    return response;
  });
}

void Service::handle(Request request, Respond respond) {
  const Router::Match match = router_.find(request.method, request.path());
  auto pending = std::make_shared<Pending>();
  pending->client = request.client;
  pending->method = request.method;
  pending->target = request.target;
  pending->route = match.route == nullptr ? std::string_view() : match.route->pattern;
  pending->request_bytes = request.body.size();
  pending->start = Clock::now();
  pending->respond = std::move(respond);
  const Respond answer = [this, pending](Response response) {
    record({pending->client, pending->method, pending->target, pending->route, response.status,
            pending->request_bytes, response.body.size(),
            std::chrono::duration<double>(Clock::now() - pending->start).count()});
    pending->respond(std::move(response));
  };
  try {
    if (Admission admission = admit(request); admission.refusal)
      answer(std::move(*admission.refusal));
    else if (request.body.size() > admission.max_body_bytes)
      answer(too_long_response(admission.max_body_bytes, admission.advice));
    else
      match.route->handler({request, match.parameter, answer});
  } catch (...) {
    answer(failure_response(std::current_exception()));
  }
}

Admission Service::admit(const Request& request) const {
  if (!is_authorized(request)) {
    Response response = error_response(
        401, "expected the header \"Authorization: Bearer TOKEN\" with the server's token");
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return {.refusal = response};
  }
  const Router::Match match = router_.find(request.method, request.path());
  if (match.route == nullptr) return {.refusal = no_such_route(request, match.allowed)};
  if (is_from_elsewhere(request))
    return {.refusal = error_response(
                403, fmt::format("expected a request from this server's own page, got one from {}",
                                 *request.find_header("Origin")))};
  const BodyRules& rules = match.route->body;
  return {.refusal = rules.refusal_of(request),
          .max_body_bytes = rules.max_bytes_of(request),
          .advice = rules.advice};
}

bool Service::is_authorized(const Request& request) const {
  return options_.token.empty() || is_open(request.path()) || sessions_.is_authorized(request);
}

void Service::infer(const Call& call) {
  ModelEntry* entry = models_.find(call.parameter);
  if (entry == nullptr) return call.respond(no_such_model(call.parameter));
  if (json_size(call.request) > kMaxInferenceJson)
    return call.respond(too_long_response(kMaxInferenceJson, inference_body().advice));
  if (call.request.body.size() <= kMaxParsedAtOnce)
    return infer_body(*entry, call.request, call.respond);
  parsers_.submit([this, entry, request = std::make_shared<Request>(std::move(call.request)),
                   respond = call.respond]() mutable {
    try {
      infer_body(*entry, *request, respond);
    } catch (...) {
      respond(failure_response(std::current_exception()));
    }
  });
}

// Frees the body of `call` once it is parsed.
void Service::infer_body(ModelEntry& entry, Request& call, const Respond& respond) const {
  const std::shared_ptr<const ServedModel> model = entry.current();
  const auto request = std::make_shared<InferenceRequest>(
      parse_inference_request(call.body, json_size(call), model->model().input_shape()));
  std::string().swap(call.body);
  normalize_images(*request, model->model());
  Tensor images = std::move(request->images);
  entry.queue().submit(model, std::move(images),
                       [name = entry.name(), model, request, respond](
                           const Tensor& logits, const std::exception_ptr& failure) {
                         Response response;
                         try {
                           if (failure) std::rethrow_exception(failure);
                           response = inference_response(name, model->model(), *request, logits);
                         } catch (...) {
                           response = failure_response(std::current_exception());
                         }
                         respond(std::move(response));
                       });
}

Response Service::handle(Request request) {
  const auto answer = std::make_shared<std::promise<Response>>();
  handle(std::move(request),
         [answer](Response response) { answer->set_value(std::move(response)); });
  return answer->get_future().get();
}

void Service::record_refusal(const Request& request, const Response& response) {
  record({request.client, request.method, request.target, "", response.status, request.body.size(),
          response.body.size(), 0});
}

void Service::record(const AccessRecord& record) const {
  metrics_.answered(record.method, record.route, record.status, record.seconds);
  if (options_.on_answer) options_.on_answer(record);
}

}  // namespace digitry::serving
