#include "tests/app/serve_process.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>

#include "digitry/data/idx.h"
#include "tests/app/digitry.h"
#include "tests/support/temporary_folder.h"

namespace digitry::test {
namespace {

using nlohmann::json;

template <typename Condition>
bool wait_until(const Condition& condition) {
  for (int i = 0; i < 4000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

std::vector<std::string> serve_arguments(std::vector<std::string> more) {
  std::vector<std::string> arguments{"digitry", "serve", "--port", "0"};
  std::ranges::move(more, std::back_inserter(arguments));
  return arguments;
}

CommandOptions with_environment(std::vector<std::pair<std::string, std::string>> environment) {
  CommandOptions options;
  options.environment = std::move(environment);
  return options;
}

}  // namespace

ServeProcess::ServeProcess(std::vector<std::string> arguments,
                           std::vector<std::pair<std::string, std::string>> environment)
    : process_(serve_arguments(std::move(arguments)), with_environment(std::move(environment))) {
  const bool listens =
      wait_until([this] { return process_.out_so_far().ends_with('\n') || !process_.running(); });
  url_ = process_.out_so_far();
  if (!listens || url_.empty())
    throw std::runtime_error("digitry serve does not listen: " + process_.err_so_far());
  url_.pop_back();
}

int ServeProcess::port() const { return std::stoi(url_.substr(url_.rfind(':') + 1)); }

CommandResult ServeProcess::curl(const std::string& path,
                                 std::vector<std::string> arguments) const {
  std::vector<std::string> command{"curl",      "--silent", "--show-error", "--max-time", "60",
                                   "--noproxy", "*"};
  std::ranges::move(arguments, std::back_inserter(command));
  command.push_back(url(path));
  return run_command(command);
}

int ServeProcess::status(const std::string& path, std::vector<std::string> arguments) const {
  for (const char* more : {"--output", "/dev/null", "--write-out", "%{http_code}"})
    arguments.emplace_back(more);
  return std::stoi(curl(path, std::move(arguments)).out);
}

json ServeProcess::get(const std::string& path) const { return json::parse(curl(path).out); }

json ServeProcess::infer(const std::string& model, const json& request) const {
  const TemporaryFolder folder;
  const auto file = folder / "request.json";
  write_file_atomically(file, request.dump());
  return json::parse(
      curl("/v2/models/" + model + "/infer",
           {"--header", "Content-Type: application/json", "--data-binary", "@" + file.string()})
          .out);
}

bool ServeProcess::logs(const std::string& text) const {
  return wait_until([&] { return process_.err_so_far().find(text) != std::string::npos; });
}

CommandResult ServeProcess::stop(int signal) {
  process_.send_signal(signal);
  return process_.wait();
}

const std::string& served_run() {
  static const TemporaryFolder folder;
  static const std::string run = [] {
    std::string path = folder / "digits";
    const CommandResult trained = digitry(small_training(path, {"--epochs", "1"}));
    if (trained.exit_status != 0) throw std::runtime_error("no run to serve: " + trained.err);
    return path;
  }();
  return run;
}

Tensor test_digits(std::int64_t count) {
  const Tensor all = read_idx_images(small_mnist() / "t10k-images-idx3-ubyte");
  Tensor images(all.shape().without_batch().with_batch(count), DType::kU8);
  std::copy_n(all.as<std::uint8_t>().begin(), images.num_elements(),
              images.as<std::uint8_t>().begin());
  return images;
}

json inference_request(const Tensor& images) {
  const auto pixels = images.as<std::uint8_t>();
  return {{"inputs", json::array({{{"name", "pixels"},
                                   {"datatype", "UINT8"},
                                   {"shape", images.shape().extents()},
                                   {"data", std::vector<int>(pixels.begin(), pixels.end())}}})}};
}

json output_of(const json& answer, const std::string& name) {
  for (const json& output : answer.at("outputs"))
    if (output.at("name") == name) return output.at("data");
  throw std::runtime_error("no output " + name + " in " + answer.dump());
}

}  // namespace digitry::test
