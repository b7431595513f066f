#include "digitry/data/csv.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace digitry;
  return fuzz::run(data, size, [](std::string_view bytes) {
    const CsvImages content = read_csv(*make_memory_stream(bytes, "input"));
    fuzz::require(content.images.num_bytes() <= bytes.size());
    fuzz::require(read_csv_labels(*make_memory_stream(bytes, "input")) == content.labels);
  });
}
