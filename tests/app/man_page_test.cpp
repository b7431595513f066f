#include "apps/digitry/terminal/man_page.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "apps/digitry/run.h"
#include "tests/support/process.h"
#include "tests/support/temporary_folder.h"

namespace digitry::app {
namespace {

using test::run_command;
using ::testing::HasSubstr;
using ::testing::Not;

class ManPages : public ::testing::Test {
 protected:
  std::string page(const std::string& name) {
    const std::vector<ManPage> pages = man_pages(app_);
    const auto found = std::ranges::find(pages, name, &ManPage::name);
    return found == pages.end() ? "no page " + name : found->text;
  }

  CLI::App app_{"Made up.", "digitry"};
  std::string text_;
  int number_ = 0;
  bool resume_ = false;
};

TEST_F(ManPages, DescribeOptionsAndArguments) {
  CLI::App* train = app_.add_subcommand("train", "Train it");
  CLI::Option* recipe = train->add_option("-r,--recipe", text_, "What to train")->type_name("FILE");
  train->add_flag("--resume", resume_, "Go on")->excludes(recipe);
  train->add_option("--size", number_, "Of the images")->check(CLI::Range(1, 9));
  train->add_option("DATA", text_, ".hidden too")->required();
  const std::string text = page("digitry-train");
  EXPECT_THAT(text, HasSubstr(".TP\n\\fB\\-r\\fR, \\fB\\-\\-recipe\\fR FILE\nWhat to train."));
  EXPECT_THAT(text, HasSubstr("Go on. Not together with: \\-\\-recipe.\n"));
  EXPECT_THAT(text, HasSubstr("\\-\\-size\\fR INT in [1 \\- 9]\n"));
  EXPECT_THAT(text, HasSubstr("\\fBDATA\\fR"));
  EXPECT_THAT(text, HasSubstr("\n\\&.hidden too.\n"));
  EXPECT_THAT(text, HasSubstr("\\fBdigitry train\\fR [\\fIOPTION\\fR]... \\fIDATA\\fR\n"));
}

TEST_F(ManPages, SeparateSentencesFromExamples) {
  app_.add_subcommand("data", "Sets")
      ->add_subcommand("info", "Look")
      ->footer("One sentence. Examples:\n  digitry data info a\\b   # 'it'\n\nAnother.");
  const std::string text = page("digitry-data-info");
  EXPECT_THAT(text, HasSubstr(".PP\nOne sentence.\n.PP\nAnother.\n"));
  EXPECT_THAT(text, HasSubstr(".SH EXAMPLES\n.nf\ndigitry data info a\\eb   # 'it'\n.fi\n"));
  EXPECT_THAT(text, HasSubstr(".SH SEE ALSO\n\\fBdigitry\\-data\\fR(1)\n"));
  EXPECT_THAT(page("digitry-data"), HasSubstr("\\fBdigitry\\-data\\-info\\fR(1)\nLook.\n"));
}

// Of the real tree: groff reads every page without a warning, and no option is left out.
TEST(ManCommand, WritesAPagePerSubcommand) {
  const test::TemporaryFolder folder;
  ASSERT_EQ(run_command({"digitry", "man", "pages"}, {.folder = folder.path()}).exit_status, 0);
  const std::vector<ManPage> pages = man_pages(*make_command_line());
  EXPECT_GT(pages.size(), 15U);
  for (const ManPage& page : pages) {
    const std::filesystem::path file = folder.path() / "pages" / (page.name + ".1");
    ASSERT_TRUE(std::filesystem::exists(file)) << file;
    EXPECT_THAT(page.text, HasSubstr("\\-\\-help\\fR\n")) << page.name;
    EXPECT_THAT(page.text, Not(HasSubstr(" \n"))) << page.name;
    if (run_command({"sh", "-c", "command -v groff"}).exit_status != 0) continue;
    const test::CommandResult read =
        run_command({"groff", "-man", "-ww", "-z", "-Tutf8", file.string()});
    EXPECT_EQ(read.err, "") << page.name;
  }
  EXPECT_EQ(run_command({"digitry", "man"}).exit_status, 2);
}

}  // namespace
}  // namespace digitry::app
