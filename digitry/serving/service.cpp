#include "digitry/serving/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/base/version.h"
#include "digitry/serving/inference_protocol.h"
#include "digitry/serving/session.h"
#include "digitry_embedded/openapi_json.h"

namespace digitry::serving {
namespace {

using Clock = std::chrono::steady_clock;
using ServedJson = nlohmann::ordered_json;

// What wants no token: probes, and the page with the form that asks for it.
bool is_open(std::string_view path) {
  return path.starts_with("/v2/health/") || path == "/" || path.starts_with("/assets/") ||
         path == "/v1/session";
}

Response json_response(const ServedJson& json) {
  Response response;
  response.body = json.dump(-1, ' ', false, ServedJson::error_handler_t::replace);
  return response;
}

// What is wrong with the form of an inference request's body, if anything is.
std::optional<Response> wrong_media_type(const Request& request) {
  const std::string* type = request.find_header("Content-Type");
  if (type != nullptr && !is_media_type(*type, "application/json") &&
      !is_media_type(*type, "application/octet-stream"))
    return error_response(
        415, fmt::format("want Content-Type application/json or application/octet-stream, got {}",
                         *type));
  const std::string* encoding = request.find_header("Content-Encoding");
  if (encoding != nullptr && *encoding != "identity")
    return error_response(415, fmt::format("want no Content-Encoding, got {}", *encoding));
  return std::nullopt;
}

// How much of the body is JSON.
std::size_t json_size(const Request& request) {
  const std::string* header = request.find_header("Inference-Header-Content-Length");
  if (header == nullptr) return request.body.size();
  std::size_t size = 0;
  const char* end = header->data() + header->size();
  const auto [stop, error] = std::from_chars(header->data(), end, size);
  if (error != std::errc() || stop != end)
    throw Error(ErrorCode::kBadData,
                "Inference-Header-Content-Length: want a number of bytes, got {}", *header);
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
  return error_response(404, fmt::format("no model of the name \"{}\"", name));
}

// A request that waits for its answer. The request itself may be gone when that is given.
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
      page_(std::move(options_.page), models) {
  add_routes();
  page_.add_routes(router_);
}

void Service::add_routes() {
  // `answer` makes the Response to a Call, at once.
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
    return draining_ ? unavailable_response("the server is about to end")
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
  router_.add("POST", "/v2/models/{name}/infer", [this](const Call& call) { infer(call); });
  router_.add("POST", "/v1/session", [this](const Call& call) {
    call.respond(begin_session(call.request, options_.token, options_.secure));
  });
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

void Service::handle(const Request& request, Respond respond) {
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
    if (std::optional<Response> refusal = refusal_of(request))
      answer(std::move(*refusal));
    else
      match.route->handler({request, match.parameter, answer});
  } catch (...) {
    answer(failure_response(std::current_exception()));
  }
}

std::optional<Response> Service::refusal_of(const Request& request) const {
  if (!may(request)) {
    Response response = error_response(401, "want \"Authorization: Bearer TOKEN\" with the token");
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
  }
  const Router::Match match = router_.find(request.method, request.path());
  if (match.route != nullptr) return std::nullopt;
  if (match.allowed.empty())
    return error_response(
        404, fmt::format("no such path: {}; /openapi.json tells those there are", request.path()));
  Response response = error_response(
      405, fmt::format("{} has no {}, but {}", request.path(), request.method, match.allowed));
  response.headers.emplace_back("Allow", match.allowed);
  return response;
}

bool Service::may(const Request& request) const {
  return options_.token.empty() || is_open(request.path()) || bears_token(request, options_.token);
}

void Service::infer(const Call& call) const {
  ModelEntry* entry = models_.find(call.parameter);
  if (entry == nullptr) return call.respond(no_such_model(call.parameter));
  if (std::optional<Response> wrong = wrong_media_type(call.request))
    return call.respond(std::move(*wrong));
  const std::shared_ptr<const ServedModel> model = entry->current();
  const auto request = std::make_shared<InferenceRequest>(parse_inference_request(
      call.request.body, json_size(call.request), model->model().input_shape()));
  Tensor images = std::move(request->images);
  entry->queue().submit(model, std::move(images),
                        [name = entry->name(), model, request, respond = call.respond](
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

Response Service::handle(const Request& request) {
  const auto answer = std::make_shared<std::promise<Response>>();
  handle(request, [answer](Response response) { answer->set_value(std::move(response)); });
  return answer->get_future().get();
}

void Service::refused(const Request& request, const Response& response) {
  record({request.client, request.method, request.target, "", response.status, request.body.size(),
          response.body.size(), 0});
}

void Service::record(const AccessRecord& record) const {
  metrics_.answered(record.method, record.route, record.status, record.seconds);
  if (options_.on_answer) options_.on_answer(record);
}

}  // namespace digitry::serving
