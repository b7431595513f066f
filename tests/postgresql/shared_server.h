#pragma once

#include "tests/support/postgresql_server.h"

namespace digitry::test {

/// One server for all tests of this process.
inline PostgresqlServer& shared_server() {
  static PostgresqlServer server;
  return server;
}

}  // namespace digitry::test
