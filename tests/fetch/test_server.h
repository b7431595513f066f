#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace digitry::test {

/// The answer to a request.
struct Answer {
  std::string head;  ///< Status line and headers, without Content-Length.
  std::string body;
  std::int64_t length = -1;     ///< Content-Length, where it is not the body's.
  bool hang = false;            ///< Keep the connection open and silent after the body.
  double pause_ms_per_kib = 0;  ///< Sends slowly.
};

Answer ok(std::string body);
Answer status(const std::string& code_and_reason);

/// A web server on the loopback interface with one thread and one request per connection.
class TestServer {
 public:
  /// `handler` gets the path and the number of earlier requests for it.
  explicit TestServer(std::function<Answer(const std::string& path, int times)> handler);
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  /// "http://127.0.0.1:PORT/".
  std::string url() const;
  int num_requests(const std::string& path);
  int num_requests();

 private:
  void serve();
  void answer(int connection);

  std::function<Answer(const std::string&, int)> handler_;
  std::mutex mutex_;
  std::map<std::string, int> requests_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace digitry::test
