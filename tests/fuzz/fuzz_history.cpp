#include "digitry/evaluation/history.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace digitry;
  return fuzz::run(data, size, [](std::string_view bytes) {
    const History history = history_from_csv(std::string(bytes), "history.csv");
    fuzz::require(history.epochs.size() <= bytes.size() && history.best_epoch == 0);
    // Writing and parsing again gives the same history.
    const std::string text = to_csv(history);
    try {
      fuzz::require(to_csv(history_from_csv(text, "again")) == text);
    } catch (const Error&) {
      fuzz::require(false);
    }
  });
}
