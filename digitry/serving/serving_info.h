#pragma once

#include <string>

namespace digitry::serving {

/// What the server is made of.
struct ServingInfo {
  std::string boost_version;     ///< "1.74.0"
  std::string openssl_version;   ///< "3.0.15"
  std::string simdjson_version;  ///< "3.0.1"
  std::string simdjson_kernel;   ///< What it picked for this processor: "icelake".
};

ServingInfo serving_info();

}  // namespace digitry::serving
