// What goes wrong in other people's hands: one clear error, the right exit status, nothing left
// behind.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>

#include "tests/app/digitry.h"
#include "tests/app/small_mnist.h"
#include "tests/support/process.h"

namespace digitry::test {
namespace fs = std::filesystem;
namespace {

using testing::HasSubstr;

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

class BadInput : public testing::Test {
 protected:
  // Trains with a recipe of this text and expects an error with `wanted` in the message.
  void expect_refused_recipe(const std::string& text, const std::string& wanted) {
    const std::string recipe = folder_ / "recipe.toml";
    write(recipe, text);
    const std::string out = folder_ / "run";
    const CommandResult result =
        digitry({"train", "--recipe", recipe, "--data", small_mnist().string(), "--out", out});
    EXPECT_EQ(result.exit_status, 3) << text;
    EXPECT_THAT(result.err, HasSubstr(wanted));
    EXPECT_THAT(result.err, testing::StartsWith("digitry: error: "));
    EXPECT_FALSE(fs::exists(out)) << "a refused run leaves no folder";
  }

  TemporaryFolder folder_;
};

TEST_F(BadInput, RecipesAreRefusedWithTheRuleTheyBreak) {
  expect_refused_recipe("", "[[layers]]");
  expect_refused_recipe("[[layers]\n", "line 1");
  expect_refused_recipe(std::string(kTinyRecipe) + "[training]\nepoch = 3\n",
                        "unknown key 'epoch'");
  expect_refused_recipe(std::string(kTinyRecipe) + "[training]\nepochs = 0\n", "'epochs'");
  expect_refused_recipe(std::string(kTinyRecipe) + "[optimizer]\ntype = \"adamm\"\n",
                        "adam, adamw, sgd, lion");
  expect_refused_recipe("[[layers]]\ntype = \"conv9d\"\n", "conv9d");
  expect_refused_recipe("[[layers]]\ntype = \"dense\"\nout_features = 10\n", "flatten");
  expect_refused_recipe("[[layers]]\ntype = \"flatten\"\n", "layer with parameters");
  expect_refused_recipe(
      "[[layers]]\ntype = \"flatten\"\n[[layers]]\ntype = \"dense\"\nout_features = 11\n",
      "one logit per class");
  expect_refused_recipe(
      "[[layers]]\ntype = \"flatten\"\n[[layers]]\ntype = \"dropout\"\nrate = 1.5\n", "'rate'");
}

TEST_F(BadInput, ADataSetThatIsNotThere) {
  const CommandResult result =
      digitry({"train", "--data", folder_ / "nowhere", "--out", folder_ / "run"});
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_THAT(result.err, HasSubstr("nowhere"));
}

TEST_F(BadInput, DataThatCanBeReadOnlyOnceAreNotTrainedOn) {
  const CommandResult piped =
      digitry({"train", "--data", "-", "--out", folder_ / "run"}, {.input = "label,p0\n1,2\n"});
  EXPECT_EQ(piped.exit_status, 2);
  EXPECT_THAT(piped.err, HasSubstr("more than once"));
  EXPECT_EQ(digitry({"train", "--data", "/dev/null", "--out", folder_ / "run"}).exit_status, 2);
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

TEST_F(BadInput, AnEncodingThatConfigTomlCannotHoldIsRefusedByName) {
  const CommandResult result =
      digitry({"train", "--data", folder_.path().string() + "\xff", "--out", folder_ / "run"});
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.err, HasSubstr("--data: expected a path in UTF-8"));
}

TEST_F(BadInput, MnistThatWasNotFetchedSaysHowTo) {
  const CommandResult result =
      digitry({"train", "--out", folder_ / "run"},
              {.environment = {{"DIGITRY_DATA_DIR", (folder_.path() / "empty").string()}}});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("digitry data fetch mnist"));
}

TEST_F(BadInput, ModelsThatAreNoModels) {
  for (const std::string& bytes : {std::string(), std::string("\x10\0\0\0\0\0\0\0{}", 10),
                                   std::string("this is no model at all, but text")}) {
    const std::string model = folder_ / "model.safetensors";
    write(model, bytes);
    for (const char* command : {"evaluate", "predict"}) {
      std::vector<std::string> arguments{command, model};
      if (arguments[0] == "predict")
        arguments.push_back((small_mnist() / "t10k-images-idx3-ubyte").string());
      const CommandResult result = digitry(arguments);
      EXPECT_EQ(result.exit_status, 3);
      EXPECT_THAT(result.err, HasSubstr(model));
    }
  }
}

TEST_F(BadInput, AFolderThatCannotBeWritten) {
  // Nobody, not even root, can create a folder under a file.
  write(folder_ / "file", "");
  const CommandResult result = digitry(
      {"train", "--data", small_mnist().string(), "--out", folder_ / "file/run", "--epochs", "1"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("file/run"));
}

TEST_F(BadInput, EventsOfTensorBoardThatHaveNoFolder) {
  const std::string file = folder_ / "file";
  write(file, "mine");
  const std::string out = folder_ / "run";
  const CommandResult result =
      digitry({"train", "--data", small_mnist().string(), "--out", out, "--tensorboard", file});
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.err, HasSubstr("--tensorboard: expected a folder, found the file " + file));
  EXPECT_FALSE(fs::exists(out));
}

TEST_F(BadInput, AFullDiskFailsAndLeavesNoPartialFile) {
  // A limit on file size stops writing in the middle, as a full disk does.
  const std::string out = folder_ / "run";
  const std::string train = "ulimit -f 64; exec '" + command_path().string() +
                            "' train --recipe notebook --epochs 1 --threads 1 --data '" +
                            small_mnist().string() + "' --out '" + out + "'";
  const CommandResult result = run_command({"bash", "-c", train});
  EXPECT_EQ(result.exit_status, 1) << result.err;
  EXPECT_THAT(result.err, HasSubstr("model.safetensors"));
  EXPECT_FALSE(fs::exists(out + "/model.safetensors"));
  for (const auto& entry : fs::directory_iterator(out))
    EXPECT_EQ(entry.path().string().find(".tmp"), std::string::npos) << entry.path();
}

TEST_F(BadInput, ADivergingTrainingSaysSo) {
  const std::string recipe = folder_ / "recipe.toml";
  write(recipe,
        "[optimizer]\ntype = \"sgd\"\nlearning_rate = 1000.0\n"
        "[[layers]]\ntype = \"flatten\"\n"
        "[[layers]]\ntype = \"dense\"\nout_features = 16\n"
        "[[layers]]\ntype = \"dense\"\nout_features = \"classes\"\n");
  const CommandResult result =
      digitry({"train", "--recipe", recipe, "--data", small_mnist().string(), "--out",
               folder_ / "run", "--epochs", "1000"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("diverged"));
  EXPECT_THAT(result.err, HasSubstr("learning rate"));
  EXPECT_THAT(result.err, HasSubstr("no epoch was finished"));
  EXPECT_FALSE(fs::exists(folder_ / "run/model.safetensors"));
}

// The learning rate rises until weight decay makes the weights grow, some epochs after the first.
TEST_F(BadInput, ATrainingThatDivergesLateKeepsItsLastGoodEpoch) {
  const std::string recipe = folder_ / "recipe.toml";
  const std::string out = folder_ / "run";
  write(recipe,
        "[optimizer]\ntype = \"sgd\"\nlearning_rate = 1000.0\nweight_decay = 100\n"
        "[schedule]\nwarmup_steps = 4000000\n"
        "[[layers]]\ntype = \"flatten\"\n"
        "[[layers]]\ntype = \"dense\"\nout_features = 16\n"
        "[[layers]]\ntype = \"dense\"\nout_features = \"classes\"\n");
  const CommandResult result = digitry({"train", "--recipe", recipe, "--data",
                                        small_mnist().string(), "--out", out, "--epochs", "1000"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("diverged at step"));
  EXPECT_THAT(result.err, HasSubstr("the loss"));
  EXPECT_THAT(result.err, HasSubstr("such as a tenth of 1000"));
  EXPECT_THAT(result.err, HasSubstr(out + "/model.safetensors contains the weights of epoch"));
  EXPECT_THAT(result.err, HasSubstr(out + "/checkpoint.safetensors"));
  EXPECT_FALSE(fs::exists(out + "/metrics.json")) << "it is not a finished run";
  const CommandResult evaluated = digitry({"evaluate", out});
  EXPECT_EQ(evaluated.exit_status, 0) << evaluated.err;
  const CommandResult resumed = digitry({"train", "--resume", "--out", out});
  EXPECT_EQ(resumed.exit_status, 1);
  EXPECT_THAT(resumed.err, HasSubstr("diverged at step"));
}

TEST_F(BadInput, FlagsOutOfRangeAreWrongUsage) {
  for (const auto& flag : std::vector<std::vector<std::string>>{
           {"--epochs", "0"}, {"--validation", "1"}, {"--threads", "-1"}, {"--seed", "x"}}) {
    std::vector<std::string> arguments{"train", "--out", folder_ / "run"};
    arguments.insert(arguments.end(), flag.begin(), flag.end());
    EXPECT_EQ(digitry(arguments).exit_status, 2) << flag[0];
  }
  EXPECT_EQ(digitry({"train", "--resume"}).exit_status, 2);
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

}  // namespace
}  // namespace digitry::test
