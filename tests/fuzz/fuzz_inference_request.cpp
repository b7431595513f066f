#include "digitry/serving/inference/inference_protocol.h"
#include "tests/fuzz/fuzz_target.h"

// The first two bytes are the length of the JSON in the rest.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace digitry;
  return fuzz::run(data, size, [](std::string_view bytes) {
    if (bytes.size() < 2) return;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const std::size_t json_size = byte(0) + std::size_t{256} * byte(1);
    const std::string_view body = bytes.substr(2);
    const serving::InferenceRequest request =
        serving::parse_inference_request(body, json_size, Shape{1, 2, 2});
    fuzz::require(request.images.num_bytes() <= 4 * body.size());
    fuzz::require(!request.outputs.empty() && request.outputs.size() <= 3);
  });
}
