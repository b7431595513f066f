#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "digitry/base/file.h"
#include "digitry/image/png.h"
#include "tests/app/digitry.h"
#include "tests/app/small_mnist.h"
#include "tests/support/process.h"

// `digitry data augment` and trainings that augment, as processes.

namespace digitry::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kLayers =
    "[[layers]]\ntype = \"flatten\"\n[[layers]]\ntype = \"dense\"\nout_features = \"classes\"\n";

CommandResult augment(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"digitry", "data", "augment"});
  return run_command(std::move(arguments), {.environment = {{"OMP_NUM_THREADS", "1"}}});
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size())
    ++count;
  return count;
}

TEST(DataAugment, ShowsOriginalsBesideVersionsAndTheStrengths) {
  const CommandResult result = augment(
      {small_mnist(), "--images", "3", "--versions", "2", "--epoch", "5", "--rotation", "33"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.err, IsEmpty());
  EXPECT_EQ(count_of(result.out, "epoch 5"), 3U);
  EXPECT_EQ(count_of(result.out, "epoch 6"), 3U);
  EXPECT_THAT(result.out, AllOf(HasSubstr("\n[augmentation]\n"), HasSubstr("rotation = 33.0\n"),
                                HasSubstr("elastic = "), Not(HasSubstr("\x1b"))));
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U);
}

TEST(DataAugment, IsTheSameEachTimeAndAnotherForEachSeedAndEpoch) {
  const auto shown = [](std::vector<std::string> more) {
    more.insert(more.begin(), {small_mnist(), "--images", "1"});
    return augment(std::move(more)).out;
  };
  const std::string first = shown({});
  EXPECT_EQ(shown({"--show", "--seed", "0", "--epoch", "1"}), first);
  EXPECT_NE(shown({"--seed", "1"}), first);
  // The second version of one sheet is the first of the other.
  const json both = json::parse(shown({"--json"}));
  const json later = json::parse(shown({"--json", "--epoch", "2"}));
  EXPECT_EQ(both["images"][0]["augmented_mean_pixel"][1],
            later["images"][0]["augmented_mean_pixel"][0]);
  EXPECT_EQ(both["first_epoch"], 1);
  EXPECT_EQ(both["augmentation"]["erase"], 0.0);
}

TEST(DataAugment, WritesAContactSheet) {
  const TemporaryFolder folder;
  const std::string sheet = folder / "sheet.png";
  const CommandResult result =
      augment({small_mnist(), "--images", "10", "--versions", "3", "--out", sheet});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, IsEmpty());
  const Image image = decode_png(file_bytes(sheet), sheet);
  EXPECT_EQ(image.height, 3 * (10 * 29 + 1));
  EXPECT_EQ(image.width, 3 * (4 * 29 + 5));
}

TEST(DataAugment, TakesARecipe) {
  const TemporaryFolder folder;
  const std::string recipe = folder / "mine.toml";
  write_file_atomically(recipe, "[training]\nseed = 9\ndata = \"" + small_mnist().string() +
                                    "\"\n[augmentation]\nzoom = 0.25\n" + kLayers);
  const CommandResult result =
      augment({"--recipe", recipe, "--json", "--erase", "1", "--images", "2"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const json shown = json::parse(result.out);
  EXPECT_EQ(shown["data"], small_mnist().string());
  EXPECT_EQ(shown["seed"], 9);
  EXPECT_EQ(shown["augmentation"]["zoom"], 0.25);
  EXPECT_EQ(shown["augmentation"]["rotation"], 0.0);
  EXPECT_EQ(shown["augmentation"]["erase"], 1.0);
  EXPECT_EQ(shown["images"].size(), 2U);
}

TEST(DataAugment, RefusesBadUse) {
  const std::string data = small_mnist();
  EXPECT_EQ(augment({data, "--rotation", "181"}).exit_status, 2);
  EXPECT_EQ(augment({data, "--zoom", "nan"}).exit_status, 2);
  EXPECT_EQ(augment({data, "--erase", "-0.1"}).exit_status, 2);
  EXPECT_EQ(augment({data, "--epoch", "0"}).exit_status, 2);
  EXPECT_EQ(augment({data, "--images", "0"}).exit_status, 2);
  EXPECT_EQ(augment({data, "--show", "--json"}).exit_status, 2);
  EXPECT_EQ(augment({"/nonexistent"}).exit_status, 3);
  const CommandResult nothing = augment({data, "--recipe", "notebook"});
  EXPECT_EQ(nothing.exit_status, 2);
  EXPECT_THAT(nothing.err,
              AllOf(HasSubstr("'notebook' has no [augmentation]"), HasSubstr("--rotation")));
  const TemporaryFolder folder;
  write_file_atomically(folder / "bad.toml", std::string("[augmentation]\nzoom = 2\n") + kLayers);
  const CommandResult bad = augment({data, "--recipe", folder / "bad.toml"});
  EXPECT_EQ(bad.exit_status, 3);
  EXPECT_THAT(bad.err, AllOf(HasSubstr("bad.toml"), HasSubstr("'zoom'")));
}

TEST(DataAugment, HelpAndCompletionKnowTheStrengths) {
  const CommandResult help = augment({"--help"});
  EXPECT_EQ(help.exit_status, 0);
  EXPECT_THAT(help.out, AllOf(HasSubstr("--elastic-sigma"), HasSubstr("[augmentation]"),
                              HasSubstr("--recipe {cnn,")));
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const CommandResult script = run_command({"digitry", "completion", shell});
    EXPECT_THAT(script.out, AllOf(HasSubstr("augment"), HasSubstr("elastic-sigma"))) << shell;
  }
}

TEST(Train, AugmentsAndShowsItInTheReport) {
  const TemporaryFolder folder;
  const std::string recipe = folder / "r.toml";
  write_file_atomically(recipe, "[training]\nepochs = 2\ndata = \"" + small_mnist().string() +
                                    "\"\n[augmentation]\nrotation = 10\nelastic = 0.5\n" + kLayers);
  const CommandResult result = run_command(
      {"digitry", "train", "--recipe", recipe, "--out", folder / "run", "--threads", "1"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(file_bytes(folder / "run/config.toml"),
              HasSubstr("[augmentation]\nelastic = 0.5\nrotation = 10.0\n"));
  EXPECT_THAT(file_bytes(folder / "run/report.html"),
              AllOf(HasSubstr("id=\"augmentation\""), HasSubstr("each with 2 augmented versions")));
}

}  // namespace
}  // namespace digitry::test
