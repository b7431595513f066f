#include "digitry/base/error.h"
#include "digitry/tuning/database.h"

namespace digitry {

std::unique_ptr<Database> open_postgresql(const std::string& url) {
  throw Error(ErrorCode::kUnavailable,
              "{}: this digitry was built without libpq, the client of PostgreSQL; install it "
              "(Debian: libpq-dev) and build again with -DDIGITRY_POSTGRESQL=ON, or keep the study "
              "in a file",
              without_password(url));
}

}  // namespace digitry
