#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/report/report.h"
#include "tests/report/report_content.h"
#include "tests/support/temporary_folder.h"

namespace digitry {
namespace {

namespace fs = std::filesystem;
using test::ContentOptions;
using test::make_content;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

class WriteFigures : public ::testing::Test {
 protected:
  std::vector<std::string> files() const { return test::TemporaryFolder::names_in(folder_); }

  const test::TemporaryFolder scratch_;
  const fs::path folder_ = scratch_ / "figures";
};

TEST_F(WriteFigures, WritesFourFiguresTwice) {
  write_figures(make_content(), folder_);
  EXPECT_THAT(files(), UnorderedElementsAre("curves.svg", "curves.png", "confusion.svg",
                                            "confusion.png", "mistakes.svg", "mistakes.png",
                                            "reliability.svg", "reliability.png"));
  for (const std::string& name : files()) {
    const std::string bytes = read_file(folder_ / name, 1 << 22);
    EXPECT_THAT(bytes, StartsWith(name.ends_with(".png") ? "\x89PNG" : "<?xml")) << name;
  }
}

TEST_F(WriteFigures, WhatDoesNotApplyIsNotThereNorLeftFromBefore) {
  write_figures(make_content(), folder_);
  write_figures(make_content(ContentOptions{.mistake_every = 0, .num_epochs = 0}), folder_);
  EXPECT_THAT(files(), UnorderedElementsAre("confusion.svg", "confusion.png", "reliability.svg",
                                            "reliability.png"));
}

TEST_F(WriteFigures, WithoutGnuplotSaysHowToGetIt) {
  const std::string path = getenv("PATH");
  setenv("PATH", "/nonexistent", 1);
  try {
    write_figures(make_content(), folder_);
    ADD_FAILURE() << "it was drawn";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_THAT(error.what(), HasSubstr("apt-get install gnuplot-nox"));
  }
  setenv("PATH", path.c_str(), 1);
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(WriteFigures, AnotherSetsEvaluationIsRefused) {
  ReportContent content = make_content();
  content.images = Tensor({3, 1, 28, 28}, DType::kU8);
  EXPECT_THROW(write_figures(content, folder_), Error);
  EXPECT_THROW(render_html(content), Error);
}

}  // namespace
}  // namespace digitry
