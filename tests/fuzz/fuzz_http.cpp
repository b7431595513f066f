#include <optional>

#include "digitry/serving/http/request_reader.h"
#include "digitry/serving/service.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/serving/served.h"

// The bytes of a connection are parsed and answered as requests.

namespace {

using namespace digitry;
using namespace digitry::serving;

constexpr RequestLimits kLimits{.max_header_bytes = 2048, .max_body_bytes = 65536};

// Checks the answer: errors are JSON with "error".
void check_answer(const Request& request, const Response& response) {
  fuzz::require(response.status >= 200 && response.status < 600);
  fuzz::require(!response_head(response, true, {}).empty());
  if (response.status == 200) return;
  const auto body = nlohmann::json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  fuzz::require(body.is_object() && body.contains("error") && body.at("error").is_string());
  fuzz::require(response.status != 500 && request.body.size() <= kLimits.max_body_bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static digitry::serving::test::Served served;
  return fuzz::run(data, size, [](std::string_view bytes) {
    while (!bytes.empty()) {
      RequestReader reader(kLimits);
      bytes.remove_prefix(reader.feed(bytes));
      if (reader.state() == RequestReader::State::kIncomplete) return;
      if (reader.state() == RequestReader::State::kRefused)
        return check_answer(reader.request(), reader.refusal());
      check_answer(reader.request(), served.service().handle(reader.request()));
    }
  });
}
