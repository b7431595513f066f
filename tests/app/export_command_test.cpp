#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "digitry/interchange/onnx_export.h"
#include "tests/app/digitry.h"

namespace digitry::test {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Export, WritesOnnx) {
  const TemporaryFolder folder;
  const std::string out = folder / "tiny.onnx";
  const CommandResult result = digitry({"export", "tiny", "--to", "onnx", "--out", out});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("uint8 [N,1,28,28]"));
  EXPECT_THAT(result.out, HasSubstr("in_distribution_score [N]"));
  EXPECT_EQ(file_bytes(out), model_to_onnx(shipped_model("tiny")));

  const CommandResult again = digitry({"export", "tiny", "--to", "onnx", "--out", out});
  EXPECT_EQ(again.exit_status, 2);
  EXPECT_THAT(again.err, HasSubstr("never overwritten"));

  const std::string other = folder / "float.onnx";
  const CommandResult without =
      digitry({"export", "tiny", "--to", "onnx", "--float-input", "--no-score", "--out", other});
  EXPECT_THAT(without.out, Not(HasSubstr("score")));
  EXPECT_EQ(
      file_bytes(other),
      model_to_onnx(shipped_model("tiny"), {.float_input = true, .in_distribution_score = false}));
}

TEST(Export, WritesCSource) {
  const TemporaryFolder folder;
  const std::string out = folder / "digits";
  const CommandResult result = digitry({"export", "tiny", "--to", "c", "--out", out});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("one view"));
  EXPECT_THAT(file_bytes(out + ".c"), HasSubstr("#include \"digits.h\""));
  EXPECT_THAT(file_bytes(out + ".h"), HasSubstr("int digits_classify(const uint8_t"));
  EXPECT_EQ(digitry({"export", "tiny", "--to", "c", "--out", out}).exit_status, 2);

  const CommandResult int8 = digitry({"export", "tiny", "--to", "c", "--int8", "--out",
                                      folder / "small", "--data", small_mnist().string()});
  EXPECT_EQ(int8.exit_status, 0) << int8.err;
  EXPECT_THAT(int8.out, HasSubstr("in int8, one view, 1,000 test images"));
}

TEST(Import, MakesAModelThatAnswersAlike) {
  const TemporaryFolder folder;
  const std::string onnx = folder / "best.onnx", out = folder / "best.safetensors";
  ASSERT_EQ(digitry({"export", "cnn-best", "--to", "onnx", "--out", onnx}).exit_status, 0);
  const CommandResult result = digitry({"import", onnx, "--out", out});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("22 dense"));
  const auto evaluated = [](const std::string& model) {
    return digitry({"evaluate", model, "--data", small_mnist().string()}).out;
  };
  const auto first_line = [](const std::string& text) { return text.substr(0, text.find('\n')); };
  EXPECT_EQ(first_line(evaluated(out)), first_line(evaluated("cnn-best")));

  EXPECT_EQ(digitry({"import", onnx, "--out", out}).exit_status, 2);
  const CommandResult bad = digitry({"import", out, "--out", folder / "other"});
  EXPECT_EQ(bad.exit_status, 3);
  EXPECT_THAT(bad.err, HasSubstr("best.safetensors"));
}

TEST(Export, RejectsAnotherFormat) {
  const CommandResult result = digitry({"export", "tiny", "--to", "pickle", "--out", "x"});
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.err, HasSubstr("pickle"));
}

}  // namespace
}  // namespace digitry::test
