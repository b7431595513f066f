#include "digitry/interchange/onnx_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "digitry/base/file.h"
#include "tests/support/custom_layers.h"
#include "tests/support/errors.h"
#include "tests/support/models.h"
#include "tests/support/temporary_folder.h"

namespace digitry::test {
namespace {

using testing::HasSubstr;

TEST(OnnxExport, BeginsWithTheVersionAndTheProducer) {
  // Field 1 (IR version), a variable-length integer: 8. Field 2 (producer), 7 bytes.
  EXPECT_TRUE(model_to_onnx(small_model())
                  .starts_with("\x08\x08\x12\x07"
                               "digitry"));
}

TEST(OnnxExport, HoldsNamesOfInputsOutputsAndClasses) {
  const std::string bytes = model_to_onnx(small_model());
  for (const char* text : {"pixels", "logits", "probabilities", "digitry.classes", "zwei \xC3\xA4",
                           "digitry.rejection_threshold", "0.75"})
    EXPECT_THAT(bytes, HasSubstr(text));
  EXPECT_THAT(bytes, testing::Not(HasSubstr("in_distribution_score")));  // No prototypes.
}

TEST(OnnxExport, IsTheSameEveryTime) {
  EXPECT_EQ(model_to_onnx(shipped_model("tiny")), model_to_onnx(shipped_model("tiny")));
}

TEST(OnnxExport, WritesTheFile) {
  const TemporaryFolder folder;
  const std::string path = folder / "model.onnx";
  export_onnx(small_model(), path, {.float_input = true});
  EXPECT_EQ(read_file(path, 1 << 20), model_to_onnx(small_model(), {.float_input = true}));
}

TEST(OnnxExport, RejectsAModelWithoutNetworks) {
  expect_error(ErrorCode::kInvalidArgument, {"at least one network"}, [] { model_to_onnx({}); });
}

TEST(OnnxExport, NamesALayerThatOnnxCannotExpress) {
  register_test_layers();
  Model model = small_model();
  model.members = one_member(random_network({1, 4, 4}, 3, {flatten(), ScaledSquare(), dense(3)}));
  expect_error(ErrorCode::kInvalidArgument, {"layers[1]", "scaled_square"},
               [&] { model_to_onnx(model); });
}

}  // namespace
}  // namespace digitry::test
