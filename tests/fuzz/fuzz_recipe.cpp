#include "digitry/training/recipe.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace digitry;
  return fuzz::run(data, size, [](std::string_view bytes) {
    const std::string text = to_toml(parse_recipe(bytes, "input.toml"));
    // Writing and parsing again gives the same recipe.
    try {
      fuzz::require(to_toml(parse_recipe(text, "written.toml")) == text);
    } catch (const Error&) {
      fuzz::require(false);
    }
  });
}
