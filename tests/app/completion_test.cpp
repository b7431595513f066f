#include "apps/digitry/terminal/completion.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "tests/support/process.h"
#include "tests/support/temporary_folder.h"

// The generated scripts, tried in the shells themselves: on the command's own tree, and on a tree
// made up here with every kind of argument.

namespace digitry::app {
namespace {

namespace fs = std::filesystem;
using test::CommandResult;
using test::run_command;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class Completion : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_ / "my recipe.toml") << "";

    app_.add_flag("-q,--quiet");
    CLI::App* train = app_.add_subcommand("train", "Train it: don't [wait]");
    train->add_option("--recipe", text_, "What to train")->type_name("mlp|FILE");
    train->add_option("--source", text_, "Where from")->check(CLI::IsMember({"mirror", "npm"}));
    train->add_option("--epochs", number_, "How many");
    CLI::App* data = app_.add_subcommand("data", "Data sets");
    data->add_subcommand("fetch", "Get one")
        ->add_option("NAME", text_)
        ->check(CLI::IsMember({"mnist", "fashion-mnist"}));
    data->add_subcommand("info", "Look")->add_option("FILE", text_)->type_name("FILE");
  }

  // What bash offers for the words, the last of which is being typed.
  std::set<std::string> complete_in_bash(const std::string& words, int current) {
    std::ofstream(folder_ / "script.bash") << bash_completion(completion_tree(app_));
    const CommandResult result = run_command(
        {"bash", "-c",
         "source ./script.bash; COMP_WORDS=(" + words + "); COMP_CWORD=" + std::to_string(current) +
             "; _digitry; printf '%s\\n' \"${COMPREPLY[@]}\""},
        {.folder = folder_});
    EXPECT_EQ(result.exit_status, 0);
    EXPECT_EQ(result.err, "");
    std::istringstream lines(result.out);
    std::set<std::string> offered;
    for (std::string line; std::getline(lines, line);)
      if (!line.empty()) offered.insert(line);
    return offered;
  }

  CLI::App app_{"made up", "digitry"};
  std::string text_;
  int number_ = 0;
  const test::TemporaryFolder scratch_;
  const fs::path folder_ = scratch_.path();
};

TEST_F(Completion, BashOffersSubcommands) {
  EXPECT_THAT(complete_in_bash("digitry ''", 1), UnorderedElementsAre("train", "data"));
  EXPECT_THAT(complete_in_bash("digitry t", 1), ElementsAre("train"));
  EXPECT_THAT(complete_in_bash("digitry data ''", 2), UnorderedElementsAre("fetch", "info"));
}

TEST_F(Completion, BashOffersOptionsOfTheSubcommandAndGlobalOnes) {
  EXPECT_THAT(complete_in_bash("digitry train --", 2),
              UnorderedElementsAre("--help", "--recipe", "--source", "--epochs", "--quiet"));
  EXPECT_THAT(complete_in_bash("digitry --quiet train --e", 3), ElementsAre("--epochs"));
}

TEST_F(Completion, BashOffersChoices) {
  EXPECT_THAT(complete_in_bash("digitry train --source ''", 3),
              UnorderedElementsAre("mirror", "npm"));
  EXPECT_THAT(complete_in_bash("digitry train --source = n", 4), ElementsAre("npm"));
  EXPECT_THAT(complete_in_bash("digitry data fetch f", 3), ElementsAre("fashion-mnist"));
}

TEST_F(Completion, BashOffersFilesWithSpacesInTheirNames) {
  EXPECT_THAT(complete_in_bash("digitry train --recipe my", 3), ElementsAre("my recipe.toml"));
  EXPECT_THAT(complete_in_bash("digitry data info my", 3), ElementsAre("my recipe.toml"));
}

TEST_F(Completion, BashOffersNothingForANumber) {
  EXPECT_THAT(complete_in_bash("digitry train --epochs ''", 3), IsEmpty());
}

TEST_F(Completion, EveryShellReadsItsScript) {
  const CompletionCommand tree = completion_tree(app_);
  const std::vector<std::pair<std::string, std::string>> scripts = {
      {"bash", bash_completion(tree)},
      {"zsh", zsh_completion(tree)},
      {"fish", fish_completion(tree)}};
  for (const auto& [shell, script] : scripts) {
    if (run_command({"sh", "-c", "command -v " + shell}).exit_status != 0) continue;
    std::ofstream(folder_ / "script") << script;
    const CommandResult result = run_command({shell, "-n", "script"}, {.folder = folder_});
    EXPECT_EQ(result.exit_status, 0) << shell << ": " << result.err;
  }
}

TEST_F(Completion, FishOffersWhatBashDoes) {
  if (run_command({"sh", "-c", "command -v fish"}).exit_status != 0) GTEST_SKIP() << "no fish here";
  std::ofstream(folder_ / "script.fish") << fish_completion(completion_tree(app_));
  const CommandResult result = run_command(
      {"fish", "--no-config", "-c",
       "source script.fish; complete -C 'digitry data f'; complete -C 'digitry train --source '"},
      {.folder = folder_, .environment = {{"HOME", folder_.string()}}});
  EXPECT_EQ(result.out, "fetch\tGet one\nmirror\tWhere from\nnpm\tWhere from\n");
}

TEST_F(Completion, TheCommandPrintsAScriptOfItself) {
  const CommandResult result = run_command({"digitry", "completion", "bash"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.out, ::testing::HasSubstr("'digitry completion'"));
  EXPECT_EQ(run_command({"digitry", "completion", "tcsh"}).exit_status, 2);
}

}  // namespace
}  // namespace digitry::app
