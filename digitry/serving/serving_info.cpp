#include "digitry/serving/serving_info.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <simdjson.h>

#include <boost/version.hpp>

namespace digitry::serving {

ServingInfo serving_info() {
  return {.boost_version = fmt::format("{}.{}.{}", BOOST_VERSION / 100'000,
                                       BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100),
          .openssl_version = ::OpenSSL_version(OPENSSL_VERSION_STRING),
          .simdjson_version = SIMDJSON_STRINGIFY(SIMDJSON_VERSION),
          .simdjson_kernel = simdjson::get_active_implementation()->name()};
}

}  // namespace digitry::serving
