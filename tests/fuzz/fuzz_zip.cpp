#include "digitry/base/limits.h"
#include "digitry/data/zip.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace digitry;
  return fuzz::run(data, size, [](std::string_view bytes) {
    const ZipArchive archive(std::string(bytes), "input");
    for (const ZipMember& member : archive.members())
      fuzz::require(read_rest(*archive.open(member), kMaxInputBytes).size() == member.num_bytes);
  });
}
