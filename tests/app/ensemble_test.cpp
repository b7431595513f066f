#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "digitry/model_io/model.h"
#include "tests/app/digitry.h"

// `digitry ensemble`, and `digitry train` of a recipe with several members.

namespace digitry::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kTwoMembers = R"(
name = "two"
[training]
epochs = 1
members = 2
seed = 3
[test_time_augmentation]
translation = 1
[[layers]]
type = "flatten"
[[layers]]
type = "dense"
out_features = "classes"
)";

class Ensemble : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    for (const char* seed : {"1", "2"})
      ASSERT_EQ(
          digitry(small_training(at(std::string("run") + seed), {"--epochs", "2", "--seed", seed}))
              .exit_status,
          0);
    write_file_atomically(*folder_ / "two.toml", kTwoMembers);
  }
  static void TearDownTestSuite() { delete folder_; }
  static std::string at(const std::string& name) { return *folder_ / name; }
  static double accuracy_of(const std::string& model) {
    const CommandResult result =
        digitry({"evaluate", model, "--data", small_mnist().string(), "--json"});
    EXPECT_EQ(result.exit_status, 0) << result.err;
    return json::parse(result.out)["accuracy"];
  }
  static std::vector<std::string> train_two(const std::string& out) {
    return {"train", "--recipe", at("two.toml"), "--data",    small_mnist().string(),
            "--out", out,        "--no-report",  "--threads", "1"};
  }

  static inline TemporaryFolder* folder_ = nullptr;
};

TEST_F(Ensemble, OfTwoRunsIsAModelForEveryCommand) {
  const std::string file = at("both.safetensors");
  const CommandResult made = digitry({"ensemble", at("run1"), at("run2"), "--translation", "1",
                                      "--zoom", "0.05", "--out", file, "--json"});
  ASSERT_EQ(made.exit_status, 0) << made.err;
  const json summary = json::parse(made.out);
  EXPECT_EQ(summary["networks"], 2);
  EXPECT_EQ(summary["views"], 7);
  EXPECT_EQ(summary["num_parameters"], 2 * (784 * 128 + 128 + 128 * 10 + 10));
  EXPECT_GT(accuracy_of(file), 0.85);
  const std::string images = small_mnist() / "t10k-images-idx3-ubyte";
  const CommandResult predicted = digitry({"predict", file, images, "--csv"});
  EXPECT_EQ(predicted.exit_status, 0) << predicted.err;
  EXPECT_EQ(std::ranges::count(predicted.out, '\n'), 1001);
  const CommandResult compared =
      digitry({"compare", file, at("run1"), "--data", small_mnist().string()});
  EXPECT_EQ(compared.exit_status, 0) << compared.err;
}

TEST_F(Ensemble, OfARecipeOfOneWithViewsKeepsTheTemperatureThatTheNetworkHasWithoutThem) {
  std::string recipe = kTwoMembers;
  recipe.replace(recipe.find("members = 2"), 11, "members = 1");
  write_file_atomically(at("moved.toml"), recipe);
  const std::string tta = "[test_time_augmentation]\ntranslation = 1\n";
  recipe.erase(recipe.find(tta), tta.size());
  write_file_atomically(at("plain.toml"), recipe);
  for (const std::string name : {"moved", "plain"})
    ASSERT_EQ(digitry({"train", "--recipe", at(name + ".toml"), "--data", small_mnist().string(),
                       "--out", at(name), "--no-report", "--threads", "1"})
                  .exit_status,
              0);
  const Model moved = load_model(at("moved") + "/model.safetensors");
  const Model plain = load_model(at("plain") + "/model.safetensors");
  EXPECT_EQ(moved.members.front().temperature, plain.temperature);
  EXPECT_NE(plain.temperature, 1);
  EXPECT_NE(moved.temperature, 1) << "of the mean over the views, in which each has its own";
  EXPECT_NE(moved.temperature, plain.temperature);
}

TEST_F(Ensemble, OfOneRunAddsViews) {
  const std::string file = at("views.safetensors");
  const CommandResult made = digitry({"ensemble", at("run1"), "--rotation", "5", "--out", file});
  ASSERT_EQ(made.exit_status, 0) << made.err;
  EXPECT_THAT(made.out, AllOf(HasSubstr("views of an image   3"), HasSubstr("digitry evaluate")));
  const Model turned = load_model(file);
  EXPECT_EQ(turned.tta.rotation, 5);
  EXPECT_EQ(turned.members.front().temperature,
            load_model(at("run1") + "/model.safetensors").temperature);
  EXPECT_EQ(turned.temperature, 1);
  EXPECT_GT(accuracy_of(file), 0.8);
  const std::string more = at("more_views.safetensors");
  ASSERT_EQ(digitry({"ensemble", file, "--zoom", "0.1", "--flip", "--out", more}).exit_status, 0);
  EXPECT_EQ(load_model(more).tta,
            (TestTimeAugmentation{.translation = 0, .rotation = 5, .zoom = 0.1, .flip = true}));
}

TEST_F(Ensemble, ViewsOfTheWholeTakeThePlaceOfItsModels) {
  const std::string turned = at("turned.safetensors");
  ASSERT_EQ(digitry({"ensemble", at("run1"), "--rotation", "5", "--out", turned}).exit_status, 0);
  const CommandResult unsaid = digitry({"ensemble", turned, at("run2"), "--out", at("x")});
  EXPECT_EQ(unsaid.exit_status, 2);
  EXPECT_THAT(unsaid.err, HasSubstr("choose one for the combined model"));
  const std::string both = at("both_moved.safetensors");
  const CommandResult made =
      digitry({"ensemble", turned, at("run2"), "--translation", "1", "--out", both});
  ASSERT_EQ(made.exit_status, 0) << made.err;
  const Model model = load_model(both);
  EXPECT_EQ(model.members.size(), 2u);
  EXPECT_EQ(model.tta, TestTimeAugmentation{.translation = 1});
}

TEST_F(Ensemble, SaysWhatIsWrong) {
  const CommandResult nothing = digitry({"ensemble", at("run1"), "--out", at("x")});
  EXPECT_EQ(nothing.exit_status, 2);
  EXPECT_THAT(nothing.err, HasSubstr("several models, or options for views"));
  const CommandResult taken =
      digitry({"ensemble", at("run1"), at("run2"), "--out", at("two.toml")});
  EXPECT_EQ(taken.exit_status, 2);
  EXPECT_THAT(taken.err, HasSubstr("never overwritten"));
  const CommandResult absent = digitry({"ensemble", at("run1"), at("none"), "--out", at("x")});
  EXPECT_NE(absent.exit_status, 0);
  EXPECT_THAT(absent.err, HasSubstr("none"));
  EXPECT_EQ(digitry({"ensemble", at("run1"), "--rotation", "nan", "--out", at("x")}).exit_status,
            2);
  EXPECT_FALSE(fs::exists(at("x")));
}

TEST_F(Ensemble, OfARecipeTrainsEachMemberFromItsOwnSeedOnTheSameImages) {
  const std::string run = at("two");
  ASSERT_EQ(digitry(train_two(run)).exit_status, 0);
  const Model model = load_model(run + "/model.safetensors");
  ASSERT_EQ(model.members.size(), 2u);
  EXPECT_EQ(model.tta.translation, 1);
  EXPECT_NE(model.temperature, 1) << "fitted on the validation images, which are the same for both";
  const json metrics = json::parse(file_bytes(run + "/metrics.json"));
  EXPECT_EQ(metrics["training"]["networks"], 2);
  const json first = json::parse(file_bytes(run + "/members/0/metrics.json"));
  EXPECT_EQ(metrics["training"]["steps"], 2 * first["training"]["steps"].get<int>());
  EXPECT_EQ(metrics["evaluation"]["accuracy"], accuracy_of(run));
  const CommandResult validated = digitry({"evaluate", run, "--split", "validation", "--json"});
  ASSERT_EQ(validated.exit_status, 0) << validated.err;
  EXPECT_EQ(json::parse(validated.out)["num_images"], 302);
  for (int i = 0; i < 2; ++i) {
    const std::string member = run + "/members/" + std::to_string(i);
    const std::string config = file_bytes(member + "/config.toml");
    EXPECT_THAT(config, AllOf(HasSubstr("\nseed = " + std::to_string(6 + i)),
                              HasSubstr("\nsplit_seed = 3")));
    const CommandResult alone = digitry({"evaluate", member, "--split", "validation", "--json"});
    EXPECT_EQ(json::parse(alone.out)["num_images"], 302);
  }
}

TEST_F(Ensemble, OfARecipeGoesOnWithTheMemberThatWasStopped) {
  const std::string whole = at("whole");
  ASSERT_EQ(digitry(train_two(whole)).exit_status, 0);
  const std::string half = at("half");
  fs::copy(whole, half, fs::copy_options::recursive);
  for (const char* file : {"/metrics.json", "/model.safetensors", "/members/1/metrics.json"})
    fs::remove(half + file);
  const CommandResult resumed =
      digitry({"train", "--resume", "--out", half, "--no-report", "--threads", "1"});
  ASSERT_EQ(resumed.exit_status, 0) << resumed.err;
  EXPECT_EQ(file_bytes(half + "/model.safetensors"), file_bytes(whole + "/model.safetensors"));
}

TEST_F(Ensemble, StoppedTellsHowToGoOn) {
  const std::string run = at("stopped");
  std::vector<std::string> command = train_two(run);
  command.insert(command.begin(), "digitry");
  command.insert(command.end(), {"--epochs", "100000"});
  ChildProcess child(command, {.environment = {{"OMP_NUM_THREADS", "1"}}});
  for (int i = 0; i < 600 && !fs::exists(run + "/members/0/config.toml"); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  child.send_signal(SIGINT);
  const CommandResult result = child.wait();
  EXPECT_EQ(result.exit_status, 130);
  EXPECT_THAT(result.err, AllOf(HasSubstr("0 of 2 networks"), HasSubstr("--resume --out " + run)));
}

TEST_F(Ensemble, OfARecipeHasAReport) {
  const std::string run = at("reported");
  std::vector<std::string> command = train_two(run);
  std::erase(command, "--no-report");
  ASSERT_EQ(digitry(command).exit_status, 0);
  EXPECT_TRUE(fs::exists(run + "/report.html"));
  EXPECT_EQ(digitry({"report", run}).exit_status, 0);
}

}  // namespace
}  // namespace digitry::test
