// `digitry serve` with a real model, real sockets and curl.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "digitry/base/file.h"
#include "digitry/model_io/model.h"
#include "tests/app/digitry.h"
#include "tests/app/serve_process.h"
#include "tests/support/near.h"
#include "tests/support/raw_client.h"
#include "tests/support/temporary_folder.h"

namespace digitry::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// The output of `digitry predict` for the first test images.
std::vector<std::string> predicted(std::size_t count) {
  const CommandResult result = digitry(
      {"predict", served_run(), (small_mnist() / "t10k-images-idx3-ubyte").string(), "--csv"});
  std::istringstream lines(result.out);
  std::vector<std::string> labels;
  std::string line;
  std::getline(lines, line);
  while (labels.size() < count && std::getline(lines, line))
    labels.push_back(line.substr(line.find(',') + 1));
  return labels;
}

TEST(Serve, ClassifiesAsPredictDoes) {
  ServeProcess server({served_run()});
  const json answer = server.infer("digits", inference_request(test_digits(200)));
  EXPECT_EQ(output_of(answer, "class").get<std::vector<std::string>>(), predicted(200));
  for (int i = 0; i < 5; ++i) {
    json request = inference_request(test_digits(1));
    request["id"] = std::to_string(i);
    EXPECT_EQ(server.infer("digits", request).at("id"), std::to_string(i));
  }
  const CommandResult ended = server.stop();
  EXPECT_EQ(ended.exit_status, 0) << ended.err;
  EXPECT_EQ(std::ranges::count(ended.out, '\n'), 1) << "its address alone: " << ended.out;
}

TEST(Serve, TheShippedModelWhereNobodyNamesOne) {
  ServeProcess server({});
  const json metadata = server.get("/v2/models/cnn-best");
  EXPECT_EQ(metadata.at("inputs")[0].at("shape"), json({-1, 1, 28, 28}));
  EXPECT_EQ(server.infer("cnn-best", inference_request(test_digits(4))).at("model_name"),
            "cnn-best");
}

TEST(Serve, SeveralNetworksThatLookInSeveralWays) {
  const TemporaryFolder folder;
  const fs::path file = folder / "both.safetensors";
  const CommandResult made = digitry(
      {"ensemble", served_run(), served_run(), "--translation", "1", "--out", file.string()});
  ASSERT_EQ(made.exit_status, 0) << made.err;
  const CommandResult predicted = digitry(
      {"predict", file.string(), (small_mnist() / "t10k-images-idx3-ubyte").string(), "--csv"});
  ServeProcess server({file.string()});
  const json answer = server.infer("both", inference_request(test_digits(50)));
  std::istringstream lines(predicted.out);
  std::string line;
  std::getline(lines, line);
  for (const json& label : output_of(answer, "class")) {
    std::getline(lines, line);
    EXPECT_EQ(label, line.substr(line.find(',') + 1));
  }
}

TEST(Serve, TakesAndGivesBinaryTensors) {
  ServeProcess server({served_run()});
  const Tensor images = test_digits(3);
  json request = inference_request(images);
  const json want = server.infer("digits", request);

  request["inputs"][0].erase("data");
  request["inputs"][0]["parameters"] = {{"binary_data_size", images.num_bytes()}};
  request["outputs"] = json::parse(R"([{"name": "logits", "parameters": {"binary_data": true}}])");
  const std::string head = request.dump();
  std::string body = head;
  body.append(reinterpret_cast<const char*>(images.data()), images.num_bytes());
  const TemporaryFolder folder;
  write_file_atomically(folder / "body", body);
  const CommandResult result = server.curl(
      "/v2/models/digits/infer",
      {"--header", "Content-Type: application/octet-stream", "--header",
       "Inference-Header-Content-Length: " + std::to_string(head.size()), "--data-binary",
       "@" + (folder / "body").string(), "--dump-header", (folder / "headers").string()});
  const std::string headers = file_bytes(folder / "headers");
  EXPECT_THAT(headers, HasSubstr("Content-Type: application/octet-stream"));
  const std::string key = "Inference-Header-Content-Length: ";
  ASSERT_THAT(headers, HasSubstr(key));
  const std::size_t size = std::stoul(headers.substr(headers.find(key) + key.size()));
  ASSERT_EQ(result.out.size(), size + 3 * 10 * sizeof(float));
  std::vector<float> logits(30);
  std::memcpy(logits.data(), result.out.data() + size, 30 * sizeof(float));
  expect_near(logits, output_of(want, "logits").get<std::vector<float>>(), 1e-4, 1e-4);
}

TEST(Serve, AnswersEveryRoute) {
  ServeProcess server({served_run()});
  EXPECT_EQ(server.get("/v2").at("name"), "digitry");
  EXPECT_EQ(server.get("/v2/health/live").at("live"), true);
  EXPECT_EQ(server.get("/v2/health/ready").at("ready"), true);
  EXPECT_EQ(server.get("/v2/models/digits").at("class_names").size(), 10U);
  EXPECT_EQ(server.get("/v2/models/digits/ready").at("ready"), true);
  EXPECT_EQ(server.get("/openapi.json").at("openapi"), "3.0.3");
  EXPECT_THAT(server.curl("/metrics").out, AllOf(HasSubstr("digitry_http_requests_total{"),
                                                 HasSubstr("digitry_http_open_connections 1\n")));
  const std::string answer = server.curl("/v2", {"--include"}).out;
  EXPECT_THAT(answer, AllOf(HasSubstr("Server: digitry\r\n"),
                            HasSubstr("X-Content-Type-Options: nosniff\r\n"),
                            HasSubstr("Content-Security-Policy: default-src 'none'")));
  const std::string head = server.curl("/v2", {"--head"}).out;
  EXPECT_THAT(head, AllOf(HasSubstr("200 OK"), HasSubstr("Content-Length: "),
                          Not(HasSubstr("extensions"))));
  EXPECT_EQ(server.stop(SIGINT).exit_status, 0);
}

TEST(Serve, ServesSeveralModels) {
  const TemporaryFolder folder;
  make_folder(folder / "models");
  fs::copy(served_run() + "/model.safetensors", folder / "models/a.safetensors");
  fs::copy(served_run(), folder / "models/run", fs::copy_options::recursive);
  ServeProcess server({(folder / "models").string(), "mine=" + served_run()});
  for (const char* name : {"a", "run", "mine"}) {
    EXPECT_EQ(server.get(std::string("/v2/models/") + name).at("name"), name);
    EXPECT_EQ(server.infer(name, inference_request(test_digits(1))).at("model_name"), name);
  }
  EXPECT_EQ(server.status("/v2/models/digits"), 404);
}

TEST(Serve, TakesUpANewModelAndNoRubbish) {
  const TemporaryFolder folder;
  const fs::path file = folder / "m.safetensors";
  fs::copy(served_run() + "/model.safetensors", file);
  ServeProcess server({file.string(), "--reload-seconds", "0.05"});
  write_file_atomically(file, "rubbish");
  EXPECT_TRUE(server.logs("reload failed, keeping the previous model"));
  EXPECT_EQ(server.get("/v2/models/m").at("class_names")[0], "0");

  Model model = load_model(served_run() + "/model.safetensors");
  model.class_names[0] = "nought";
  save_model(model, file);
  EXPECT_TRUE(server.logs("reloaded from"));
  EXPECT_EQ(server.get("/v2/models/m").at("class_names")[0], "nought");
  EXPECT_EQ(server.stop().exit_status, 0);
}

TEST(Serve, BringsRequestsToTheirEndBeforeItsOwn) {
  ServeProcess server({served_run(), "--quiet"});
  const RawClient idle(server.port());
  const RawClient busy(server.port());
  busy.send("GET /v2/health/ready HTTP/1.1\r\nHost: localhost\r\n\r\nGET /v2/health/ready HT");
  EXPECT_THAT(busy.receive_until("}"), HasSubstr("200 OK"));
  server.process().send_signal(SIGTERM);
  bool closed = false;
  EXPECT_EQ(idle.receive_all(&closed), "");
  EXPECT_TRUE(closed);
  EXPECT_THROW(RawClient(server.port()), std::runtime_error) << "no new connections";
  busy.send("TP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string answer = busy.receive_all(&closed);
  EXPECT_THAT(answer, AllOf(HasSubstr("503"), HasSubstr("Connection: close")));
  EXPECT_TRUE(closed);
  busy.finish();
  const CommandResult ended = server.process().wait();
  EXPECT_EQ(ended.exit_status, 0) << ended.err;
}

TEST(Serve, EndsInTimeWhateverIsOpen) {
  ServeProcess server({served_run(), "--drain-seconds", "0.1"});
  const RawClient client(server.port());
  client.send("GET /v2 HTTP/1.1\r\n");
  EXPECT_EQ(server.curl("/v2").exit_status, 0);
  const CommandResult ended = server.stop();
  EXPECT_EQ(ended.exit_status, 0);
  EXPECT_THAT(ended.err, HasSubstr("still open after 0.1 s"));
}

TEST(Serve, WantsItsToken) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "token", "s3cret-s3cret-s3cret\n");
  ServeProcess server({served_run(), "--token-file", (folder / "token").string()});
  EXPECT_EQ(server.status("/v2"), 401);
  EXPECT_EQ(server.status("/v2", {"--header", "Authorization: Bearer wrong"}), 401);
  EXPECT_EQ(server.status("/v2", {"--header", "Authorization: Bearer s3cret-s3cret-s3cret"}), 200);
  EXPECT_EQ(server.status("/v2/health/live"), 200);
  EXPECT_THAT(server.stop().err, Not(HasSubstr("s3cret")));

  ServeProcess other({served_run()}, {{"DIGITRY_TOKEN", "t0ken-t0ken-t0ken"}});
  EXPECT_EQ(other.status("/v2"), 401);
  EXPECT_EQ(other.status("/v2", {"--header", "Authorization: Bearer t0ken-t0ken-t0ken"}), 200);
}

TEST(Serve, WarnsWhereAnybodyMayAsk) {
  const std::string warning = "anyone who can reach this machine";
  EXPECT_THAT(ServeProcess({served_run(), "--host", "0.0.0.0"}).stop().err, HasSubstr(warning));
  EXPECT_THAT(
      ServeProcess({served_run(), "--host", "0.0.0.0"}, {{"DIGITRY_TOKEN", "0123456789abcdef"}})
          .stop()
          .err,
      Not(HasSubstr(warning)));
  EXPECT_THAT(ServeProcess({served_run()}).stop().err, Not(HasSubstr(warning)));
}

TEST(Serve, SpeaksTls) {
  const TemporaryFolder folder;
  const std::string certificate = folder / "cert.pem";
  const std::string key = folder / "key.pem";
  ASSERT_EQ(
      run_command({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                   "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                   "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate})
          .exit_status,
      0);
  ServeProcess server({served_run(), "--tls-certificate", certificate, "--tls-key", key});
  EXPECT_THAT(server.url(), testing::StartsWith("https://127.0.0.1:"));
  EXPECT_EQ(server.status("/v2", {"--cacert", certificate}), 200);
  EXPECT_EQ(server.status("/v2", {"--cacert", certificate, "--tlsv1.2", "--tls-max", "1.2"}), 200);
  EXPECT_EQ(server
                .curl("/v2", {"--cacert", certificate, "--tls-max", "1.1", "--ciphers",
                              "DEFAULT@SECLEVEL=0"})
                .exit_status,
            35)
      << "TLS 1.1 is refused";
  EXPECT_NE(server.curl("/v2").exit_status, 0) << "nobody vouches for it";
  const RawClient plain(server.port());
  plain.send("GET /v2 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(plain.receive_all(), Not(HasSubstr("HTTP/1.1")));
  const std::string large(200'000, 'x');
  write_file_atomically(folder / "large", large);
  EXPECT_THAT(server
                  .curl("/v2/models/digits/infer",
                        {"--cacert", certificate, "--header", "Content-Type: application/json",
                         "--data-binary", "@" + (folder / "large").string()})
                  .out,
              HasSubstr("not JSON"));
  EXPECT_EQ(server.stop().exit_status, 0);

  for (const auto& [wrong_certificate, wrong_key] :
       std::vector<std::pair<std::string, std::string>>{{key, key}, {certificate, certificate}}) {
    const CommandResult result = digitry({"serve", served_run(), "--port", "0", "--tls-certificate",
                                          wrong_certificate, "--tls-key", wrong_key});
    EXPECT_EQ(result.exit_status, 3);
    EXPECT_THAT(result.err, HasSubstr(".pem: expected a "));
  }
}

TEST(Serve, LogsALineARequest) {
  ServeProcess server({served_run(), "--log-format", "json"});
  server.status("/nowhere");
  EXPECT_TRUE(server.logs("/nowhere"));
  const CommandResult ended = server.stop();
  std::istringstream lines(ended.err);
  bool found = false;
  for (std::string line; std::getline(lines, line);) {
    const json entry = json::parse(line);
    EXPECT_TRUE(entry.contains("time") && entry.contains("level")) << line;
    if (entry.value("target", "") != "/nowhere") continue;
    found = true;
    EXPECT_EQ(entry.at("status"), 404);
    EXPECT_EQ(entry.at("client"), "127.0.0.1");
  }
  EXPECT_TRUE(found);

  ServeProcess quiet({served_run(), "-q"});
  quiet.status("/nowhere");
  EXPECT_EQ(quiet.stop().err, "");
}

TEST(Serve, SaysWhatIsWrongBeforeItListens) {
  ServeProcess server({served_run()});
  const std::string port = std::to_string(server.port());
  const TemporaryFolder folder;
  write_file_atomically(folder / "token", "two words, and long enough");
  write_file_atomically(folder / "short", "0123456789abcde\n");
  struct Case {
    std::vector<std::string> arguments;
    int status;
    std::string message;
  };
  for (const Case& c : std::vector<Case>{
           {{"/no/model"}, 3, "/no/model"},
           {{"a b=" + served_run()}, 2, "\"a b\""},
           {{"a=" + served_run(), "a=" + served_run()}, 2, "duplicate model name"},
           {{served_run(), "--port", port}, 1, "cannot listen on 127.0.0.1:" + port},
           {{served_run(), "--port", "65536"}, 2, "--port"},
           {{served_run(), "--host", "192.0.2.1"}, 1, "cannot listen on 192.0.2.1:8080"},
           {{served_run(), "--log-format", "xml"}, 2, "xml"},
           {{served_run(), "--tls-key", "x"}, 2, "--tls-certificate"},
           {{served_run(), "--token-file", (folder / "token").string()},
            3,
            "expected a token on one line"},
           {{served_run(), "--token-file", (folder / "short").string()},
            3,
            "expected a token of at least 16 characters, got 15"},
           {{served_run(), "--allowed-host", "a b"}, 2, "got \"a b\""},
           {{served_run(), "--timeout-seconds", "nan"}, 2, "nan"},
       }) {
    std::vector<std::string> arguments{"serve"};
    std::ranges::copy(c.arguments, std::back_inserter(arguments));
    const CommandResult result = digitry(arguments);
    EXPECT_EQ(result.exit_status, c.status) << testing::PrintToString(c.arguments) << result.err;
    EXPECT_THAT(result.err, HasSubstr(c.message));
    EXPECT_EQ(result.out, "");
  }
}

}  // namespace
}  // namespace digitry::test
