#include "digitry/fetch/fetch_npm.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace digitry;
  return fuzz::run(data, size, [](std::string_view bytes) {
    for_each_tar_file(*make_memory_stream(bytes, "input"),
                      [](const std::string& name, ByteStream& content) {
                        if (!name.starts_with('s')) read_rest(content, 1 << 20);
                      });
  });
}
