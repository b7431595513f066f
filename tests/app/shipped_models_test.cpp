#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "digitry/base/file.h"
#include "digitry/model_io/model.h"
#include "tests/app/digitry.h"
#include "tests/app/small_mnist.h"

// The models that come with the command.

namespace digitry::test {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;

std::string images() { return (small_mnist() / "t10k-images-idx3-ubyte").string(); }

TEST(ShippedModels, ReadTheRealTestImagesAsTheirCardsSay) {
  for (const std::string& name : shipped_model_names()) {
    const CommandResult result = digitry({"evaluate", name, "--data", "mnist", "--json"});
    ASSERT_EQ(result.exit_status, 0) << result.err;
    const json judged = json::parse(result.out);
    const std::string card = file_bytes(std::filesystem::path(DIGITRY_MODELS) / (name + ".md"));
    EXPECT_THAT(card, HasSubstr(fmt::format("{:.2f} %", 100 * judged["accuracy"].get<double>())));
    EXPECT_GE(judged["accuracy"], 0.98);
  }
}

TEST(ShippedModels, TheBestClassifiesWhereNobodyNamesOne) {
  const CommandResult named = digitry({"predict", kDefaultModel, images(), "--csv"});
  ASSERT_EQ(named.exit_status, 0) << named.err;
  EXPECT_EQ(digitry({"predict", images(), "--csv"}).out, named.out);
  EXPECT_NE(digitry({"predict", "tiny", images(), "--csv", "--probability"}).out,
            digitry({"predict", images(), "--csv", "--probability"}).out);
  const CommandResult nothing = digitry({"predict", "tiny"});
  EXPECT_EQ(nothing.exit_status, 2);
  EXPECT_THAT(nothing.err, HasSubstr("expected images or pictures for tiny"));
}

TEST(ShippedModels, AnyFileThatBeginsLikeAModelIsTakenForOne) {
  const TemporaryFolder folder;
  save_model(shipped_model("tiny"), folder / "renamed");
  EXPECT_EQ(digitry({"predict", folder / "renamed", images(), "--csv"}).out,
            digitry({"predict", "tiny", images(), "--csv"}).out);
}

TEST(ShippedModels, AreListed) {
  const json info = json::parse(digitry({"info", "--json"}).out);
  EXPECT_THAT(info["models"], Contains(kDefaultModel));
  EXPECT_THAT(info["recipes"], Contains("notebook"));
}

}  // namespace
}  // namespace digitry::test
