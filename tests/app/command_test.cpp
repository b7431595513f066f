#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/process.h"

// The command as a shell sees it: arguments in; standard output, standard error and status out.

namespace digitry::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Command, VersionGoesToStandardOutput) {
  const CommandResult result = run_command({"digitry", "--version"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.out, MatchesRegex("digitry [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  EXPECT_THAT(result.err, IsEmpty());
}

TEST(Command, HelpTeachesByExamples) {
  const CommandResult result = run_command({"digitry", "--help"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.out, AllOf(HasSubstr("Examples:"), HasSubstr("Exit status")));
  EXPECT_THAT(result.err, IsEmpty());
}

TEST(Command, EverySubcommandHelpsWithExamples) {
  const std::vector<std::vector<std::string>> subcommands = {
      {"data", "fetch"}, {"data", "info"}, {"train"},      {"tune"},   {"evaluate"}, {"compare"},
      {"ensemble"},      {"predict"},      {"explain"},    {"report"}, {"export"},   {"import"},
      {"serve"},         {"info"},         {"completion"}, {"man"}};
  for (const std::vector<std::string>& words : subcommands) {
    std::vector<std::string> command = {"digitry"};
    command.insert(command.end(), words.begin(), words.end());
    command.emplace_back("--help");
    const CommandResult result = run_command(command);
    EXPECT_EQ(result.exit_status, 0) << words.back();
    EXPECT_THAT(result.out, HasSubstr("Examples:")) << words.back();
  }
}

TEST(Command, WithoutArgumentsShowsHelpAndFails) {
  const CommandResult result = run_command({"digitry"});
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, HasSubstr("Subcommands:"));
}

TEST(Command, UnknownSubcommandSuggestsTheNearest) {
  const CommandResult result = run_command({"digitry", "ifno"});
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.err, AllOf(StartsWith("digitry: error: "), HasSubstr("did you mean \"info\"?"),
                                HasSubstr("digitry --help")));
}

TEST(Command, UnknownOptionSuggestsTheNearest) {
  const CommandResult result = run_command({"digitry", "info", "--jsom=1"});
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("digitry info has no option \"--jsom\"; did you mean \"--json\"?"),
                    HasSubstr("digitry info --help")));
}

TEST(Command, SaysNothingWhereNoSuggestionIsNear) {
  const CommandResult result = run_command({"digitry", "zzzzzz"});
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.err, Not(HasSubstr("did you mean")));
}

TEST(Command, GlobalOptionsWorkBeforeAndAfterTheSubcommand) {
  EXPECT_EQ(run_command({"digitry", "--quiet", "info"}).exit_status, 0);
  EXPECT_EQ(run_command({"digitry", "info", "-q"}).exit_status, 0);
}

TEST(Command, InfoAsJson) {
  const CommandResult result = run_command({"digitry", "info", "--json"});
  EXPECT_EQ(result.exit_status, 0);
  const nlohmann::json info = nlohmann::json::parse(result.out);
  EXPECT_THAT(info["version"].get<std::string>(), MatchesRegex("[0-9.]+"));
  EXPECT_THAT(info["onednn"]["version"].get<std::string>(),
              MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_GE(info["cpu"]["num_processors"].get<int>(), 1);
  EXPECT_GE(info["num_threads"].get<int>(), 1);
}

TEST(Command, TakesTheNumberOfThreadsFromOpenMp) {
  for (const char* count : {"1", "3"}) {
    const CommandResult result =
        run_command({"digitry", "info", "--json"}, {.environment = {{"OMP_NUM_THREADS", count}}});
    EXPECT_EQ(nlohmann::json::parse(result.out)["num_threads"].dump(), count);
  }
}

#if defined(__x86_64__)  // The limit is one of x86's instruction sets.
TEST(Command, InfoSaysWhatLimitsTheKernels) {
  const CommandResult result = run_command({"digitry", "info", "--json"},
                                           {.environment = {{"ONEDNN_MAX_CPU_ISA", "SSE41"}}});
  EXPECT_EQ(nlohmann::json::parse(result.out)["onednn"]["isa"], "sse4.1");
  EXPECT_EQ(nlohmann::json::parse(result.out)["loops"], "baseline");
}
#endif

TEST(Command, AFullDiskBehindStandardOutputIsAnError) {
  const CommandResult result = run_command({"sh", "-c", "\"$DIGITRY\" info > /dev/full"},
                                           {.environment = {{"DIGITRY", command_path().string()}}});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("cannot write to standard output"));
}

TEST(Command, AStandardErrorThatCannotBeWrittenChangesNoStatus) {
  const auto status = [](const std::string& command) {
    return run_command({"sh", "-c", command},
                       {.environment = {{"DIGITRY", command_path().string()}}})
        .exit_status;
  };
  for (const std::string redirection : {"2> /dev/full", "2>&-"}) {
    EXPECT_EQ(status("\"$DIGITRY\" nonsense " + redirection), 2) << redirection;
    EXPECT_EQ(status("\"$DIGITRY\" " + redirection), 2) << redirection;
    EXPECT_EQ(status("\"$DIGITRY\" predict /no/model x " + redirection), 3) << redirection;
  }
}

TEST(Command, AClosedStandardOutputIsAnErrorAndNoFileTakesItsPlace) {
  const CommandResult result = run_command({"sh", "-c", "\"$DIGITRY\" info >&-"},
                                           {.environment = {{"DIGITRY", command_path().string()}}});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("cannot write to standard output"));
}

TEST(Command, ErrorsAreColouredOnATerminalUnlessNoColorIsSet) {
  const std::string red = "\x1b[1;31m";
  const auto run = [](std::vector<std::pair<std::string, std::string>> environment) {
    return run_command({"digitry", "nonsense"},
                       {.environment = std::move(environment), .terminal = true})
        .err;
  };
  EXPECT_THAT(run({{"TERM", "xterm"}, {"NO_COLOR", ""}}), StartsWith(red));
  EXPECT_THAT(run({{"TERM", "xterm"}, {"NO_COLOR", "1"}}), StartsWith("digitry: error:"));
  EXPECT_THAT(run({{"TERM", "dumb"}, {"NO_COLOR", ""}}), StartsWith("digitry: error:"));
}

TEST(Command, ErrorsAreNotColouredOffATerminal) {
  EXPECT_THAT(run_command({"digitry", "nonsense"}, {.environment = {{"TERM", "xterm"}}}).err,
              StartsWith("digitry: error:"));
}

}  // namespace
}  // namespace digitry::test
