#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apps/digitry/commands/evaluation_data.h"
#include "apps/digitry/terminal/draw.h"

namespace digitry::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(EvaluationText, CutsNamesBetweenCharacters) {
  Judged judged{.split = "test", .data_sha256 = "", .evaluation = {}, .seconds = 0};
  judged.evaluation.class_names = {"ääääää", "b\xFF\x1b[2J"};
  judged.evaluation.per_class.resize(2);
  judged.evaluation.confusion = {{1, 0}, {0, 1}};
  const std::string text = evaluation_text(judged, 0);
  EXPECT_THAT(text, HasSubstr("ääää…"));
  EXPECT_THAT(text, HasSubstr("b\uFFFD [2J"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(DrawImages, CutsCaptionsBetweenCharacters) {
  Dataset data;
  data.images = Tensor({1, 1, 2, 3}, DType::kU8);
  data.labels = {0};
  data.class_names = {"ääää"};
  EXPECT_THAT(draw_images(data, std::vector<std::int64_t>{0}, {}), HasSubstr("ää…"));
}

}  // namespace
}  // namespace digitry::app
