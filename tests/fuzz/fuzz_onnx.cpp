#include "digitry/interchange/onnx_export.h"
#include "digitry/interchange/onnx_import.h"
#include "tests/fuzz/fuzz_target.h"

// What is imported can be exported and imported again.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace digitry;
  return fuzz::run(data, size, [](std::string_view bytes) {
    const Model model = model_from_onnx(bytes, "input");
    fuzz::require(!model_to_onnx(model).empty());
  });
}
