#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "digitry/base/file.h"
#include "digitry/data/dataset.h"
#include "tests/app/digitry.h"
#include "tests/app/small_mnist.h"
#include "tests/cases/drawn_pages.h"

namespace digitry::test {

/// `digitry predict` with a trained run, on pictures that the tests draw of its test digits.
class PredictPictures : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    run_ = *folder_ / "run";
    trained_ = digitry({"train", "--recipe", "fast", "--data", small_mnist().string(), "--epochs",
                        "4", "--out", run_, "--threads", "1", "--no-report"});
    digits_ = new Dataset(load_dataset(small_mnist().string(), Split::kTest));
  }
  static void TearDownTestSuite() {
    delete digits_;
    delete folder_;
  }
  void SetUp() override { ASSERT_EQ(trained_.exit_status, 0) << trained_.err; }

  static std::string write(const std::string& name, const std::string& bytes) {
    const std::filesystem::path path = *folder_ / name;
    make_folder(path.parent_path());
    write_file_atomically(path, bytes);
    return path.string();
  }

  static DrawnPage page_of(const PageOptions& options, std::uint32_t number) {
    RandomStream random(1, RandomPurpose::kTest, number);
    return draw_page(digits_->images, options, random);
  }

  // One digit on a canvas of paper.
  static Image canvas_of(std::int64_t image_index, bool light = false) {
    RandomStream random(2, RandomPurpose::kTest, static_cast<std::uint32_t>(image_index));
    return draw_canvas(digits_->images, image_index, {.light = light}, random);
  }

  static CommandResult predict(std::vector<std::string> arguments, CommandOptions options = {}) {
    arguments.insert(arguments.begin(), {"predict", run_});
    return digitry(std::move(arguments), std::move(options));
  }

  static nlohmann::json predicted(std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    const CommandResult result = predict(std::move(arguments));
    EXPECT_EQ(result.exit_status, 0) << result.err;
    EXPECT_THAT(result.err, testing::IsEmpty());
    return nlohmann::json::parse(result.out);
  }

  static void expect_error(const std::vector<std::string>& arguments, int status,
                           const std::string& message, const std::string& input = "") {
    const CommandResult result = predict(arguments, {.input = input});
    EXPECT_EQ(result.exit_status, status) << result.err;
    EXPECT_THAT(result.err, testing::AllOf(testing::StartsWith("digitry: error: "),
                                           testing::HasSubstr(message)));
    EXPECT_THAT(result.out, testing::IsEmpty());
  }

  static inline TemporaryFolder* folder_ = nullptr;
  static inline Dataset* digits_ = nullptr;
  static inline std::string run_;
  static inline CommandResult trained_;
};

}  // namespace digitry::test
