#include <gtest/gtest.h>

#include "digitry/training/recipe.h"
#include "tests/properties/generated.h"

namespace digitry {
namespace {

TEST(RecipeProperty, ParseRecipeTakesBackWhatToTomlWrote) {
  for (const std::uint64_t seed : test::seeds(300)) {
    test::Draw draw(seed);
    const Recipe recipe = test::generated_recipe(draw);
    const std::string toml = to_toml(recipe);
    SCOPED_TRACE(test::described(seed, toml));
    Recipe read;
    ASSERT_NO_THROW(read = parse_recipe(toml, "generated"));
    // The text first: its difference can be read.
    ASSERT_EQ(to_toml(read), toml);
    ASSERT_TRUE(read == recipe);
  }
}

}  // namespace
}  // namespace digitry
