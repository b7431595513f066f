#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "digitry/serving/http/http.h"
#include "digitry/serving/http/request_reader.h"
#include "digitry/serving/http/router.h"
#include "digitry/serving/http/session.h"
#include "digitry/serving/inference/model_repository.h"
#include "digitry/serving/metrics.h"
#include "digitry/serving/page/page_routes.h"
#include "digitry/serving/page/task_queue.h"

namespace digitry::serving {

/// One answered request, for an access log.
struct AccessRecord {
  std::string_view client;  ///< Address.
  std::string_view method;
  std::string_view target;
  std::string_view route;  ///< The pattern; empty if no route matched.
  int status = 0;
  std::size_t request_bytes = 0;   ///< Size of the request's body.
  std::size_t response_bytes = 0;  ///< Size of the answer's body.
  double seconds = 0;              ///< From the end of the request to its answer.
};

struct ServiceOptions {
  /// If not empty, requests need it ("Authorization: Bearer TOKEN", or the cookie that /v1/session
  /// gives for it), except requests for /v2/health/ and the files of the page.
  std::string token{};
  /// Whether the server uses TLS, so that browsers send the cookie over TLS only.
  bool secure = false;
  /// Called after every answer, on any thread.
  std::function<void(const AccessRecord&)> on_answer{};
  PageOptions page{};
};

/// The API of docs/serving.md and openapi.json: turns requests into answers, without sockets.
class Service {
 public:
  /// `models` and `metrics` must outlive the service. Throws as PageRoutes' constructor does.
  Service(ServiceOptions options, ModelRepository& models, Metrics& metrics);

  /// Answers through `respond`, immediately or later, on any thread. Errors are answers too.
  void handle(Request request, Respond respond);
  /// The same, but waits for the answer.
  Response handle(Request request);

  /// Decides about a request before its body is read: whether it is rejected (missing token,
  /// unknown path or method, foreign origin, wrong type of body), and how long its body may be.
  Admission admit(const Request& request) const;

  /// Records a response that a connection sent without calling `handle`.
  void record_refusal(const Request& request, const Response& response);

  /// Makes /v2/health/ready answer 503, so that load balancers send no more requests.
  void set_draining() { draining_ = true; }

  bool requires_token() const { return !options_.token.empty(); }
  const Router& router() const { return router_; }
  Metrics& metrics() { return metrics_; }

 private:
  void add_routes();
  bool is_authorized(const Request& request) const;
  void record(const AccessRecord& record) const;
  void infer(const Call& call);
  void infer_body(ModelEntry& entry, Request& call, const Respond& respond) const;

  ServiceOptions options_;
  ModelRepository& models_;
  Metrics& metrics_;
  Router router_;
  PageRoutes page_;
  Sessions sessions_;
  std::atomic<bool> draining_ = false;
  TaskQueue parsers_;  ///< Parses long bodies. The last member: it has to end first.
};

}  // namespace digitry::serving
