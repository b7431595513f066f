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
#include "digitry/serving/page/page.h"
#include "digitry/serving/page/task_queue.h"

namespace digitry::serving {

/// One answered request, for a log.
struct AccessRecord {
  std::string_view client;  ///< Address.
  std::string_view method;
  std::string_view target;
  std::string_view route;  ///< Pattern; empty where there is none.
  int status = 0;
  std::size_t request_bytes = 0;   ///< Of the body.
  std::size_t response_bytes = 0;  ///< Of the body.
  double seconds = 0;              ///< From the whole request to its answer.
};

struct ServiceOptions {
  /// Where there is one, requests have to bear it ("Authorization: Bearer TOKEN", or the cookie
  /// that /v1/session gives for it), but for those of /v2/health/ and the files of the page.
  std::string token{};
  /// Whether the page comes over TLS alone, and its cookie with it.
  bool secure = false;
  /// Told of every answer, on any thread.
  std::function<void(const AccessRecord&)> on_answer{};
  PageOptions page{};
};

/// The API of docs/serving.md and openapi.json: from a request to its answer, without sockets.
class Service {
 public:
  /// `models` and `metrics` have to outlive the service.
  Service(ServiceOptions options, ModelRepository& models, Metrics& metrics);

  /// Answers through `respond`, at once or later, on any thread. What goes wrong is an answer too.
  void handle(Request request, Respond respond);
  /// The same, waiting for the answer.
  Response handle(Request request);

  /// What can be said of a request before its body is there: whether it is refused (no token, no
  /// such path or method, another origin, a body of another type), and how long its body may be.
  Admission admit(const Request& request) const;

  /// Takes down the answer that a connection gave to what was no request.
  void refused(const Request& request, const Response& response);

  /// From now on the service is not ready, so that nobody sends it more.
  void set_draining() { draining_ = true; }

  bool wants_token() const { return !options_.token.empty(); }
  const Router& router() const { return router_; }
  Metrics& metrics() { return metrics_; }

 private:
  void add_routes();
  bool may(const Request& request) const;
  void record(const AccessRecord& record) const;
  void infer(const Call& call);
  void infer_body(ModelEntry& entry, Request& call, const Respond& respond) const;

  ServiceOptions options_;
  ModelRepository& models_;
  Metrics& metrics_;
  Router router_;
  Page page_;
  Sessions sessions_;
  std::atomic<bool> draining_ = false;
  TaskQueue parsers_;  ///< Of long bodies. Last: the first to end.
};

}  // namespace digitry::serving
