#include "digitry/data/npy.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

// Runs both readers, because each rejects what the other reads.
template <typename Read>
void attempt(const Read& read) {
  try {
    read();
  } catch (const digitry::Error& error) {
    digitry::fuzz::require(error.code() == digitry::ErrorCode::kBadData);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace digitry;
  return fuzz::run(data, size, [](std::string_view bytes) {
    attempt([&] {
      const Tensor images = read_npy_images(*make_memory_stream(bytes, "input"));
      fuzz::require(images.num_bytes() <= bytes.size());
    });
    attempt([&] { read_npy_labels(*make_memory_stream(bytes, "input")); });
  });
}
