#pragma once

#include <csignal>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "digitry/tensor/tensor.h"
#include "tests/support/process.h"

namespace digitry::test {

/// A `digitry serve` process on a free port. The constructor waits until it listens; the destructor
/// kills it if it was not stopped.
class ServeProcess {
 public:
  explicit ServeProcess(std::vector<std::string> arguments,
                        std::vector<std::pair<std::string, std::string>> environment = {});

  int port() const;
  /// "http://127.0.0.1:41234" followed by `path`.
  std::string url(const std::string& path = "") const { return url_ + path; }
  ChildProcess& process() { return process_; }
  bool running() { return process_.running(); }

  /// Runs curl on a path: `curl("/v2", {"-i"})`.
  CommandResult curl(const std::string& path, std::vector<std::string> arguments = {}) const;
  /// The status of the answer to a GET.
  int status(const std::string& path, std::vector<std::string> arguments = {}) const;
  /// The JSON of the answer to a GET.
  nlohmann::json get(const std::string& path) const;
  /// The JSON of the answer to an inference request.
  nlohmann::json infer(const std::string& model, const nlohmann::json& request) const;

  /// Waits until standard error has `text`; false after ten seconds.
  bool logs(const std::string& text) const;

  /// Asks the process to end and waits for it.
  CommandResult stop(int signal = SIGTERM);

 private:
  ChildProcess process_;
  std::string url_;
};

/// A run trained on the small MNIST for one epoch by the first call.
const std::string& served_run();

/// Test images of the small MNIST, uint8 [count, 1, 28, 28].
Tensor test_digits(std::int64_t count);

/// An inference request for images, all in JSON.
nlohmann::json inference_request(const Tensor& images);

/// The elements of an output in the answer to an inference request.
nlohmann::json output_of(const nlohmann::json& answer, const std::string& name);

}  // namespace digitry::test
