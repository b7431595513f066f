#include "digitry/tuning/database.h"

#include <algorithm>
#include <cstdlib>

#include "digitry/tuning/sqlite_database.h"

namespace digitry {

std::int64_t SqlRow::integer(std::size_t column) const {
  return std::strtoll(text(column).c_str(), nullptr, 10);
}

double SqlRow::real(std::size_t column) const { return std::strtod(text(column).c_str(), nullptr); }

bool is_server_url(const std::string& location) {
  return location.starts_with("postgresql://") || location.starts_with("postgres://");
}

std::string without_password(const std::string& location) {
  if (!is_server_url(location)) return location;
  std::string shown = location;
  // postgresql://USER:PASSWORD@HOST/...; a password may contain anything, also a '/' or '@' that
  // should have been encoded: cut up to the last '@'.
  const std::size_t start = shown.find("://") + 3;
  const std::size_t at = shown.rfind('@');
  const std::size_t colon = shown.find(':', start);
  if (at != std::string::npos && colon < at) shown.erase(colon, at - colon);
  // ...?password=PASSWORD&...
  for (const std::string key : {"password=", "sslpassword="}) {
    for (std::size_t found = shown.find(key); found != std::string::npos;
         found = shown.find(key, found)) {
      if (const char before = shown[found - 1]; before != '?' && before != '&') {
        found += key.size();
        continue;
      }
      const std::size_t end = shown.find('&', found);
      shown.erase(found, end == std::string::npos ? end : end + 1 - found);
    }
  }
  if (shown.ends_with('?') || shown.ends_with('&')) shown.pop_back();
  return shown;
}

std::unique_ptr<Database> open_database(const std::string& location, bool create) {
  if (is_server_url(location)) return open_postgresql(location);
  return std::make_unique<SqliteDatabase>(location, create);
}

}  // namespace digitry
