#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "digitry/base/error.h"
#include "digitry/report/report.h"
#include "tests/report/report_content.h"

namespace digitry {
namespace {

using test::ContentOptions;
using test::count_of;
using test::explained_content;
using test::make_content;
using ::testing::HasSubstr;
using ::testing::Not;

std::string section(const std::string& html, const std::string& id) {
  const std::size_t begin = html.find("<section id=\"" + id + "\"");
  return begin == std::string::npos ? ""
                                    : html.substr(begin, html.find("</section>", begin) - begin);
}

TEST(PageExplanations, AreLeftOutWhereThereAreNone) {
  const std::string html = render_html(make_content());
  for (const char* absent :
       {"id=\"explained\"", "id=\"map\"", "href=\"#map\"", "class=\"overlay\""})
    EXPECT_THAT(html, Not(HasSubstr(absent)));
}

TEST(PageExplanations, ShowEachMistakeTwiceWithItsNeighbours) {
  const ReportContent content = explained_content();
  const std::string html = render_html(content);
  const std::string explained = section(html, "explained");
  EXPECT_EQ(count_of(explained, "class=\"overlay\""), 3u);
  EXPECT_EQ(count_of(explained, "class=\"image trained\""), 6u);
  EXPECT_EQ(count_of(html, "data:image/png"), 3u) << "digits, overlays, training images";
  EXPECT_THAT(explained, HasSubstr("The 3 most confident ones."));
  EXPECT_THAT(explained, HasSubstr("where hiding 4×4 pixels"));
  EXPECT_THAT(explained, HasSubstr("out of 50 of the 1,000 training images"));
  for (std::size_t i = 0; i < 3; ++i) {
    const LabelledPrediction& mistake = content.evaluation.mistakes[i];
    EXPECT_THAT(explained,
                HasSubstr(fmt::format("Evidence for {} and for {} in image {}. For {}: upper "
                                      "left. For {}: lower right.",
                                      mistake.predicted, mistake.label, mistake.image_index,
                                      mistake.predicted, mistake.label)));
    EXPECT_EQ(count_of(explained, fmt::format("aria-label=\"Training image {}\"", 100 + i)), 1u);
  }
  EXPECT_EQ(count_of(explained, "of-class answer\""), 3u);
  EXPECT_EQ(count_of(explained, "of-class rival\""), 3u);
}

TEST(PageExplanations, SayWhyThereAreNoNeighbours) {
  ReportContent content = explained_content();
  content.explanations.nearest.clear();
  content.explanations.nearest_images = {};
  content.explanations.no_nearest = "the <data> are gone";
  const std::string html = render_html(content);
  EXPECT_THAT(html, HasSubstr("training images are left out: the &lt;data&gt; are gone."));
  EXPECT_THAT(html, Not(HasSubstr("image trained")));
}

TEST(PageExplanations, MapEveryPointAndNameEveryClass) {
  const ReportContent content = explained_content();
  const std::string map = section(render_html(content), "map");
  // One dot for each of the four classes.
  EXPECT_EQ(count_of(map, "h0"), 60u);
  EXPECT_EQ(count_of(map, "class=\"cross\""), content.evaluation.mistakes.size());
  EXPECT_THAT(map, HasSubstr("(16 values) of all 60 images"));
  for (const std::string& name : content.evaluation.class_names)
    EXPECT_EQ(count_of(map, ">" + name + "</text>"), 1u);
  const LabelledPrediction& mistake = content.evaluation.mistakes[0];
  EXPECT_THAT(map, HasSubstr(fmt::format("<title>Image {}: {} → {}, ", mistake.image_index,
                                         mistake.label, mistake.predicted)));
  // The width of the drawing without its margin.
  EXPECT_THAT(map, HasSubstr("M14.0 "));
  EXPECT_THAT(map, HasSubstr("M626.0 "));
}

TEST(PageExplanations, NamesAreText) {
  const std::string evil = "</title><script>x";
  const std::string html = render_html(explained_content(
      ContentOptions{.class_names = {evil, "\"'", "\xFF", "a name of very many letters"}}));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, HasSubstr("&lt;/title&gt;&lt;script&gt;x"));
  EXPECT_THAT(html, HasSubstr(">a name of very …</text>"));
}

TEST(PageExplanations, OfLargeImagesAreReduced) {
  const std::string html =
      render_html(explained_content(ContentOptions{.height = 130, .width = 100}));
  // 130 → 44, 100 → 34, with a border of one pixel around each of three maps.
  EXPECT_THAT(html, HasSubstr("background-size: calc(108 * var(--zoom)) calc(46 * var(--zoom))"));
}

TEST(PageExplanations, ThatDoNotFitAreRefused) {
  const auto refused = [](const auto& spoil) {
    ReportContent content = explained_content();
    spoil(content.explanations);
    EXPECT_THROW(render_html(content), Error);
  };
  refused([](Explanations& e) { e.attributions = Tensor({3, 28, 27}, DType::kF32); });
  refused([](Explanations& e) { e.attributions = Tensor({13, 28, 28}, DType::kF32); });
  refused([](Explanations& e) { e.nearest.pop_back(); });
  refused([](Explanations& e) { e.nearest[0].pop_back(); });
  refused([](Explanations& e) { e.nearest[0][0].label = 4; });
  refused([](Explanations& e) { e.map[7].label = -1; });
  refused([](Explanations& e) { e.map[7].x = std::numeric_limits<float>::quiet_NaN(); });
}

}  // namespace
}  // namespace digitry
