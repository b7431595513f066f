#include "digitry/data/idx.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace digitry;
  fuzz::run(data, size, [](std::string_view bytes) {
    const auto labels = read_idx_labels(*make_memory_stream(bytes, "input"));
    fuzz::require(labels.size() + 8 == bytes.size());
  });
  return fuzz::run(data, size, [](std::string_view bytes) {
    const Tensor images = read_idx_images(*make_memory_stream(bytes, "input"));
    fuzz::require(images.shape().rank() == 4 && images.num_bytes() < bytes.size());
  });
}
