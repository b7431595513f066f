#include "digitry/model_io/model.h"
#include "digitry/model_io/safetensors.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace digitry;
  fuzz::run(data, size, [](std::string_view bytes) {
    const Safetensors file = parse_safetensors(bytes, "input");
    std::vector<std::pair<std::string, const Tensor*>> tensors;
    std::size_t total = 0;
    for (const NamedTensor& tensor : file.tensors) {
      tensors.emplace_back(tensor.name, &tensor.value);
      total += tensor.value.num_bytes();
    }
    fuzz::require(total <= bytes.size());
    const Safetensors again = parse_safetensors(to_safetensors(file.metadata, tensors), "again");
    fuzz::require(again.metadata == file.metadata && again.tensors.size() == tensors.size());
  });
  return fuzz::run(data, size, [](std::string_view bytes) {
    const std::string written = model_to_bytes(model_from_bytes(bytes, "input"));
    fuzz::require(model_to_bytes(model_from_bytes(written, "written")) == written);
  });
}
