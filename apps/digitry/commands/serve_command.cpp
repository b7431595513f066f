#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>

#include "apps/digitry/commands/commands.h"
#include "apps/digitry/commands/serve_log.h"
#include "apps/digitry/commands/serve_models.h"
#include "apps/digitry/commands/serve_nearest.h"
#include "apps/digitry/terminal/interrupt.h"
#include "apps/digitry/terminal/options.h"
#include "apps/digitry/terminal/service_manager.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/log.h"
#include "digitry/base/parallel.h"
#include "digitry/model_io/model.h"
#include "digitry/serving/http/server.h"

namespace digitry::app {
namespace {

using serving::AccessRecord;

constexpr const char* kTokenVariable = "DIGITRY_TOKEN";
// The token has to fit into the JSON of a request to /v1/session (4 KiB).
constexpr std::uint64_t kMaxTokenBytes = 1024;
// 16 random hexadecimal digits are 64 bits, too many to guess over a network.
constexpr std::size_t kMinTokenLength = 16;
constexpr int kMaxConnections = 60'000;
// Descriptors besides connections: standard streams, the listener, model files...
constexpr int kOtherDescriptors = 64;
constexpr std::chrono::milliseconds kInterruptPoll{50};

struct ServeOptions {
  std::vector<std::string> models{kDefaultModel};
  serving::ServerOptions server;
  std::string token_file;
  std::string tls_certificate;
  std::string tls_key;
  std::string corrections;
  std::string runs;
  std::string log_format = "text";
  std::int64_t max_body_mib = 16;
  std::int64_t max_queue = 256;
  std::int64_t max_delay_us = 0;
  double timeout_seconds = 30;
  double idle_seconds = 60;
  double drain_seconds = 10;
  double reload_seconds = 1;
  int threads = 0;
};

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

std::string checked_token(std::string token, const std::string& source) {
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  if (!std::ranges::all_of(token, [](char c) { return c > ' ' && c <= '~'; }))
    throw Error(ErrorCode::kBadData,
                "{}: expected a token on one line, of ASCII characters without blanks; got other "
                "characters",
                source);
  if (token.size() < kMinTokenLength)
    throw Error(ErrorCode::kBadData,
                "{}: expected a token of at least {} characters, got {}; \"openssl rand -hex 16\" "
                "makes one",
                source, kMinTokenLength, token.size());
  return token;
}

// Empty if the server needs no token.
std::string read_token(const std::string& file) {
  if (!file.empty()) return checked_token(read_file(file, kMaxTokenBytes), file);
  const char* variable = std::getenv(kTokenVariable);
  return variable == nullptr ? std::string() : checked_token(variable, kTokenVariable);
}

// The requested number of connections, or fewer if the system allows the process fewer open files.
int allowed_connections(int requested) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return requested;
  const auto needed = static_cast<rlim_t>(requested) + kOtherDescriptors;
  if (limit.rlim_cur < needed) {
    limit.rlim_cur = std::min(needed, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur >= needed) return requested;
  const int allowed = std::max(1, static_cast<int>(limit.rlim_cur) - kOtherDescriptors);
  log(LogLevel::kWarning, fmt::format("at most {} connections: the system limits this process to "
                                      "{} open files (ulimit -n)",
                                      allowed, limit.rlim_cur));
  return allowed;
}

serving::ServerOptions server_options(const ServeOptions& options) {
  serving::ServerOptions server = options.server;
  server.max_connections = allowed_connections(server.max_connections);
  server.limits.max_body_bytes = static_cast<std::uint64_t>(options.max_body_mib) << 20;
  server.request_timeout = milliseconds(options.timeout_seconds);
  server.idle_timeout = milliseconds(options.idle_seconds);
  server.tls_certificate = options.tls_certificate;
  server.tls_key = options.tls_key;
  // Connections cost little beside networks, for which there is a worker per processor.
  server.num_threads = std::max(1, num_threads() / 2);
  return server;
}

serving::QueueOptions queue_options(const ServeOptions& options) {
  return {.num_workers = num_threads(),
          .max_queued = options.max_queue,
          .max_delay = std::chrono::microseconds(options.max_delay_us),
          .timeout = milliseconds(options.timeout_seconds)};
}

// Empty if no runs are shown.
std::string checked_runs(const std::string& folder) {
  if (!folder.empty() && !is_folder(folder))
    throw Error(ErrorCode::kBadData, "--runs {}: expected a folder of runs made by digitry train",
                folder);
  return folder;
}

void write_log_to_stderr(LogFormat format) {
  set_log_sink([format](LogLevel level, std::string_view message) {
    if (level == LogLevel::kInfo && global_options().quiet) return;
    write_stderr(message_line(format, std::chrono::system_clock::now(), level, message));
  });
}

serving::PageOptions page_options(const ServeOptions& options) {
  serving::PageOptions page;
  page.files = web_files();
  page.read = read_served_picture;
  page.nearest = [trained = std::make_shared<ServedTrainingImages>()](
                     const auto& model, const Tensor& image, std::size_t count) {
    return trained->find(model, image, count);
  };
  page.corrections = options.corrections;
  page.runs = checked_runs(options.runs);
  // At least two, so that a drawing does not wait for another user's photograph.
  page.num_workers = std::max(2, num_threads() / 2);
  return page;
}

serving::ServiceOptions service_options(const ServeOptions& options, LogFormat format) {
  serving::ServiceOptions service;
  service.page = page_options(options);
  service.token = read_token(options.token_file);
  service.secure = !options.tls_certificate.empty();
  if (!global_options().quiet)
    service.on_answer = [format](const AccessRecord& record) {
      write_stderr(access_line(format, std::chrono::system_clock::now(), record));
    };
  return service;
}

void wait_for_interrupt(const InterruptGuard& interrupt, serving::ModelRepository& models,
                        double reload_seconds) {
  using Clock = std::chrono::steady_clock;
  const auto interval = milliseconds(reload_seconds);
  auto next = Clock::now() + interval;
  while (!interrupt.requested()) {
    std::this_thread::sleep_for(kInterruptPoll);
    if (reload_seconds == 0 || Clock::now() < next) continue;
    models.reload_changed();
    next = Clock::now() + interval;
  }
}

void serve(const ServeOptions& options) {
  const LogFormat format = options.log_format == "json" ? LogFormat::kJson : LogFormat::kText;
  write_log_to_stderr(format);
  set_num_threads(options.threads);
  const InterruptGuard interrupt;
  serving::Metrics metrics;
  serving::ModelRepository models(find_models(options.models), queue_options(options), metrics);
  serving::Service service(service_options(options, format), models, metrics);
  serving::Server server(server_options(options), service);
  for (const auto& entry : models.entries())
    log(LogLevel::kInfo,
        fmt::format("model {}: {}/v2/models/{}", entry->name(), server.url(), entry->name()));
  if (!server.is_local() && !service.requires_token())
    log(LogLevel::kWarning,
        "no token set: anyone who can reach this machine can use the server (see --token-file)");
  fmt::print("{}\n", server.url());
  if (std::fflush(stdout) != 0) throw Error(ErrorCode::kIo, "cannot write to standard output");
  notify_service_manager("READY=1");
  wait_for_interrupt(interrupt, models, options.reload_seconds);
  notify_service_manager("STOPPING=1");
  log(LogLevel::kInfo, "shutting down: no new connections; waiting for requests in progress");
  if (!server.drain(milliseconds(options.drain_seconds)))
    log(LogLevel::kWarning, fmt::format("some connections are still open after {} s; closing them",
                                        options.drain_seconds));
}

void add_limits(CLI::App& command, ServeOptions& options) {
  const auto add = [&command](const char* name, auto& value, auto low, auto high,
                              const std::string& help) {
    command.add_option(name, value, fmt::format("{} [{}]", help, value))
        ->check(CLI::Range(low, high));
  };
  add("--max-body-mib", options.max_body_mib, std::int64_t{1}, std::int64_t{1024},
      "Largest request body, MiB");
  add("--max-connections", options.server.max_connections, 1, kMaxConnections,
      "Largest number of open connections; more get 503");
  add("--max-queue", options.max_queue, std::int64_t{1}, std::int64_t{100'000},
      "Waiting requests per model; more get 503");
  add("--max-delay-us", options.max_delay_us, std::int64_t{0}, std::int64_t{1'000'000},
      "How long a request may wait to be batched with others, microseconds");
  const auto add_seconds = [&command](const char* name, double& value, double low,
                                      const std::string& help) {
    command.add_option(name, value, fmt::format("{} [{}]", help, value))
        ->check(number_in(low, 86'400));
  };
  add_seconds("--timeout-seconds", options.timeout_seconds, 0.1,
              "Time limit for receiving a request, for computing it, and for sending the answer");
  add_seconds("--idle-seconds", options.idle_seconds, 0.1,
              "Close a connection after this time without a request");
  add_seconds("--drain-seconds", options.drain_seconds, 0,
              "Grace period for requests in progress at shutdown");
  add_seconds("--reload-seconds", options.reload_seconds, 0,
              "Interval of checks for changed model files; 0: never");
}

}  // namespace

void add_serve_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("serve", "Serve models and a web page over HTTP");
  const auto options = std::make_shared<ServeOptions>();
  command
      ->add_option("model", options->models,
                   fmt::format("Model files, runs, folders of these, names of shipped models, or "
                               "NAME=MODEL [{}]",
                               kDefaultModel))
      ->type_name("MODEL");
  command->add_option("--host", options->server.host, "Address to listen on [127.0.0.1]")
      ->check(not_empty());
  command
      ->add_option("--allowed-host", options->server.allowed_hosts,
                   "Host name (NAME or NAME:PORT) to accept besides the server's address; may be "
                   "repeated; * accepts any")
      ->type_name("NAME")
      ->check(not_empty())
      ->allow_extra_args(false);
  command->add_option("--port", options->server.port, "Port to listen on; 0: any free port [8080]")
      ->check(CLI::Range(0, 65535));
  command
      ->add_option(
          "--token-file", options->token_file,
          fmt::format("Require the token in this file from clients [the value of ${}, if set]",
                      kTokenVariable))
      ->type_name("FILE")
      ->check(not_empty());
  CLI::Option* certificate = command
                                 ->add_option("--tls-certificate", options->tls_certificate,
                                              "Certificate chain for HTTPS, PEM")
                                 ->type_name("FILE")
                                 ->check(not_empty());
  CLI::Option* key =
      command->add_option("--tls-key", options->tls_key, "Key of the certificate, PEM")
          ->type_name("FILE")
          ->check(not_empty());
  certificate->needs(key);
  key->needs(certificate);
  command
      ->add_option(
          "--corrections", options->corrections,
          "Keep the digits that users of the page correct in this folder, as a data set for "
          "digitry train --data DIR")
      ->type_name("DIR")
      ->check(not_empty());
  command->add_option("--runs", options->runs, "Show the reports of the runs in this folder")
      ->type_name("DIR")
      ->check(not_empty());
  command->add_option("--log-format", options->log_format, "text or json [text]")
      ->check(CLI::IsMember({"text", "json"}));
  add_limits(*command, *options);
  add_threads_option(*command, options->threads);
  command->footer(
      "Prints its address. Open it in a browser to draw digits. The server also implements the "
      "Open\n"
      "Inference Protocol, version 2: /openapi.json describes the API, /metrics is for "
      "Prometheus.\n"
      "Logs one line per request to standard error (-q: none).\n"
      "Requests with another Host than the server's own are rejected (421); --allowed-host adds\n"
      "names. A token needs at least 16 characters; openssl rand -hex 16 makes one.\n"
      "SIGTERM and Ctrl-C stop the server after the requests in progress. Examples:\n"
      "  digitry serve                                     # the default shipped model\n"
      "  digitry serve runs/mlp-001 --runs runs --corrections mine\n"
      "  digitry serve digits=model.safetensors letters=runs/letters --port 9000\n"
      "  digitry serve --host 0.0.0.0 --allowed-host digits.example --token-file token\n"
      "  curl http://127.0.0.1:8080/v2/models/mlp-001");
  command->callback([options] { serve(*options); });
}

}  // namespace digitry::app
