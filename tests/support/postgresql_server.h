#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/temporary_folder.h"

namespace digitry::test {

/// A PostgreSQL server on a free port of 127.0.0.1 and with its data in a temporary folder, as the
/// user `postgres` if the test runs as root. The destructor ends it.
class PostgresqlServer {
 public:
  static constexpr const char* kPassword = "a secret/@";

  /// Whether this machine has PostgreSQL's server.
  static bool installed();

  /// Makes the database and starts the server. Throws std::runtime_error.
  PostgresqlServer();
  ~PostgresqlServer();
  PostgresqlServer(const PostgresqlServer&) = delete;
  PostgresqlServer& operator=(const PostgresqlServer&) = delete;

  /// postgresql://digitry:PASSWORD@127.0.0.1:PORT/postgres?study=STUDY
  std::string url(const std::string& study) const;
  int port() const { return port_; }

  /// Starts it again, and waits until it answers.
  void start();
  /// As by kill -9, then waits until its processes are gone.
  void kill();
  /// Ends it in order.
  void stop();

 private:
  std::vector<std::string> command(const std::string& program,
                                   std::vector<std::string> arguments) const;
  void end(int signal);

  const TemporaryFolder folder_;
  const std::string data_ = folder_ / "data";
  int port_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace digitry::test
