#pragma once

#include <csignal>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "digitry/tensor/tensor.h"
#include "tests/support/process.h"

namespace digitry::test {

/// `digitry serve` on a free port of this machine, listening once this is made. Killed where it is
/// destroyed before it was stopped.
class ServeProcess {
 public:
  explicit ServeProcess(std::vector<std::string> arguments,
                        std::vector<std::pair<std::string, std::string>> environment = {});

  int port() const;
  /// "http://127.0.0.1:41234", and `path`.
  std::string url(const std::string& path = "") const { return url_ + path; }
  ChildProcess& process() { return process_; }
  bool running() { return process_.running(); }

  /// Runs curl on a path: `curl("/v2", {"-i"})`.
  CommandResult curl(const std::string& path, std::vector<std::string> arguments = {}) const;
  /// The status that a GET is answered by.
  int status(const std::string& path, std::vector<std::string> arguments = {}) const;
  /// The JSON of a GET.
  nlohmann::json get(const std::string& path) const;
  /// The JSON that an inference request is answered by.
  nlohmann::json infer(const std::string& model, const nlohmann::json& request) const;

  /// Waits until standard error has `text`; false after ten seconds without.
  bool logs(const std::string& text) const;

  /// Asks it to end, and waits for that.
  CommandResult stop(int signal = SIGTERM);

 private:
  ChildProcess process_;
  std::string url_;
};

/// A run trained on the small MNIST for one epoch, made at the first call.
const std::string& served_run();

/// Test images of the small MNIST, uint8 [count, 1, 28, 28].
Tensor test_digits(std::int64_t count);

/// An inference request for images, with all of it in JSON.
nlohmann::json inference_request(const Tensor& images);

/// An output's elements out of the answer to one.
nlohmann::json output_of(const nlohmann::json& answer, const std::string& name);

}  // namespace digitry::test
