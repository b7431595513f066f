#include <optional>

#include "digitry/base/text.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace digitry;
  return fuzz::run(data, size, [](std::string_view bytes) {
    fuzz::require(from_base64(base64(bytes)) == std::string(bytes));
    // A text that decodes is the only encoding of its bytes.
    if (const std::optional<std::string> decoded = from_base64(bytes))
      fuzz::require(base64(*decoded) == bytes);
  });
}
