#include "digitry/data/byte_stream.h"
#include "digitry/data/idx.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace digitry;
  fuzz::run(data, size, [](std::string_view bytes) {
    read_idx_images(*inflate_gzip(make_memory_stream(bytes, "input")));
  });
  return fuzz::run(data, size, [](std::string_view bytes) {
    constexpr std::uint64_t kLimit = 1 << 20;
    const std::string content =
        read_rest(*inflate_gzip(make_memory_stream(bytes, "input")), kLimit);
    fuzz::require(content.size() <= kLimit);
  });
}
