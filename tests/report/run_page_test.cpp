#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "digitry/base/error.h"
#include "digitry/report/report.h"
#include "tests/report/report_content.h"

namespace digitry {
namespace {

using test::ContentOptions;
using test::count_of;
using test::make_content;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// Checks that ids are unique, that links lead to them, and that all elements are closed.
void expect_sound(const std::string& html) {
  std::set<std::string> ids;
  const std::regex id(R"re(\sid=["']([^"']+)["'])re"), link(R"re(\shref="#([^"]+)")re");
  for (auto it = std::sregex_iterator(html.begin(), html.end(), id); it != std::sregex_iterator();
       ++it) {
    EXPECT_TRUE(ids.insert((*it)[1]).second) << "twice: " << (*it)[1];
  }
  for (auto it = std::sregex_iterator(html.begin(), html.end(), link); it != std::sregex_iterator();
       ++it) {
    EXPECT_TRUE(ids.contains((*it)[1])) << "broken link: " << (*it)[1];
  }
  for (const char* tag : {"section", "table", "tr", "td", "th", "ul", "li", "div", "span", "a", "p",
                          "h2", "h3", "dl", "details", "pre", "main", "body", "html"}) {
    const std::string name(tag);
    EXPECT_EQ(count_of(html, "<" + name + ">") + count_of(html, "<" + name + " "),
              count_of(html, "</" + name + ">"))
        << tag;
  }
  EXPECT_EQ(count_of(html, "{{"), 0u);
  EXPECT_EQ(count_of(html, "http://") + count_of(html, "https://"),
            count_of(html, "http://www.w3.org/"));
}

TEST(RenderHtml, HasEverything) {
  const ReportContent content = make_content();
  const std::string html = render_html(content);
  expect_sound(html);
  // 48 of 60: Wilson's interval is 68.22 to 88.17 % (statsmodels).
  for (const char* part :
       {"<h1>mlp on strokes</h1>", "80.00", "68.22 – 88.17", "of 60", "units = 512",
        "digitry train --recipe mlp", "401,920", "403,972", "403,456", "a computer", "ba89",
        "Predicted class", "default-src 'none'; img-src data:; style-src 'unsafe-inline'",
        "var(--training)", "prefers-color-scheme: dark", "@media print", "(best)"}) {
    EXPECT_THAT(html, HasSubstr(part));
  }
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_EQ(count_of(html, "<svg"), 3u);
  EXPECT_EQ(count_of(html, "data:image/png"), 1u);
}

TEST(RenderHtml, ShowsAugmentedImagesWhereThereAreSome) {
  ReportContent content = make_content();
  EXPECT_THAT(render_html(content), Not(HasSubstr("id=\"augmentation\"")));
  content.augmented = content.images.clone();
  content.augmented_per_row = 6;
  const std::string html = render_html(content);
  expect_sound(html);
  EXPECT_EQ(count_of(html, "data:image/png"), 2u);
  // Ten rows of six images of 28 × 28, a pixel between them and five after the first.
  EXPECT_THAT(html, HasSubstr("--width:179;--height:291"));
  EXPECT_THAT(html, HasSubstr("alt=\"Training images, each with 5 augmented versions\""));
  content.augmented_per_row = 7;
  EXPECT_THROW(render_html(content), Error);
  content.augmented_per_row = 0;
  EXPECT_THROW(render_html(content), Error);
}

TEST(RenderHtml, TellsOfCorruptedImagesWhereTheyWereJudged) {
  ReportContent content = make_content();
  EXPECT_THAT(render_html(content), Not(HasSubstr("id=\"robustness\"")));
  content.robustness = Robustness{.num_images = 60,
                                  .clean = {48, 0.8, {0.68, 0.88}},
                                  .corrupted = {{Corruption::kFog, {6, 0.1, {0.05, 0.2}}},
                                                {Corruption::kStripe, {30, 0.5, {0.38, 0.62}}}},
                                  .mean_accuracy = 0.3};
  const std::string table = render_html(content);
  expect_sound(table);
  EXPECT_THAT(table, AllOf(HasSubstr("30.00&nbsp;% on average over 2 corruptions"),
                           HasSubstr("<th scope=\"row\">fog</th><td>10.00</td><td>5.00 – "
                                     "20.00</td><td>54</td>"),
                           Not(HasSubstr("In the picture"))));
  content.corrupted = content.images.clone();
  content.corrupted_per_row = 3;
  const std::string html = render_html(content);
  expect_sound(html);
  // Twenty rows of three.
  EXPECT_THAT(html, AllOf(HasSubstr("--width:92;--height:581"), HasSubstr("In the picture")));
  content.corrupted_per_row = 7;
  EXPECT_THROW(render_html(content), Error);
}

TEST(RenderHtml, CellsLeadToTheImagesBehindThem) {
  const ReportContent content = make_content();
  const std::string html = render_html(content);
  for (const ConfusedPair& pair : content.evaluation.most_confused) {
    const std::string anchor = fmt::format("pair-{}-{}", pair.label, pair.predicted);
    EXPECT_THAT(html,
                HasSubstr(fmt::format("href=\"#{}\" aria-label=\"{} of {} classified as {}\">{}<",
                                      anchor, pair.count, pair.label, pair.predicted, pair.count)));
    const std::size_t begin = html.find("<section id=\"" + anchor + "\"");
    ASSERT_NE(begin, std::string::npos);
    const std::string section = html.substr(begin, html.find("</section>", begin) - begin);
    EXPECT_EQ(count_of(section, "class=\"image\""), static_cast<std::size_t>(pair.count));
    for (const LabelledPrediction& mistake : content.evaluation.mistakes) {
      const bool here = mistake.label == pair.label && mistake.predicted == pair.predicted;
      EXPECT_EQ(count_of(section, fmt::format("Image {}\"", mistake.image_index)), here ? 1u : 0u);
    }
  }
  EXPECT_THAT(html, HasSubstr("href=\"#class-0\""));
}

TEST(RenderHtml, TheGalleryIsSortedByConfidence) {
  const ReportContent content = make_content();
  const std::string html = render_html(content);
  std::size_t at = html.find("<ul class=\"gallery");
  for (const LabelledPrediction& mistake : content.evaluation.mistakes) {
    at = html.find(fmt::format("<small>#{}</small>", mistake.image_index), at);
    ASSERT_NE(at, std::string::npos) << mistake.image_index;
  }
}

TEST(RenderHtml, TextIsEscapedWhereverItStands) {
  const std::string evil = "<script>alert('x')</script>\"&{{title}}";
  ReportContent content =
      make_content(ContentOptions{.class_names = {evil, "</td>", "\xFF", "a'b"}});
  content.title = content.split = content.command = content.recipe = evil;
  content.layers[0].name = content.layers[0].output_shape = evil;
  content.training[0] = content.environment[0] = content.data[0] = {evil, evil};
  std::string html = render_html(content);
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("alert('x')")));
  EXPECT_THAT(html, Not(HasSubstr("\xFF")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert"));
  // Text that looks like the template's tags stays unchanged.
  EXPECT_THAT(html, HasSubstr("{{title}}"));
  expect_sound(std::regex_replace(html, std::regex("\\{\\{title\\}\\}"), ""));
}

TEST(RenderHtml, TellsHowFarProbabilitiesCanBeTrusted) {
  ReportContent content = make_content();
  EXPECT_THAT(render_html(content), Not(HasSubstr("logits are divided")));
  content.evaluation.temperature = 1.5;
  content.evaluation.calibration.expected_calibration_error = 0.0123;
  content.evaluation.calibration.bins = {
      {.low = 0, .high = 0.5, .num_images = 0, .confidence = 0, .accuracy = 0},
      {.low = 0.5, .high = 1, .num_images = 60, .confidence = 0.75, .accuracy = 0.85}};
  const std::string html = render_html(content);
  expect_sound(html);
  for (const char* part :
       {"1.23", "by the temperature 1.50", "60 with 50 to 100 %, 85.0 % correct.",
        "<td>60</td><td>75.00</td><td>85.00</td>", "60</text>"})
    EXPECT_THAT(html, HasSubstr(part));
}

TEST(RenderHtml, WithoutHistoryOrMistakesSaysSo) {
  ReportContent content = make_content(ContentOptions{.mistake_every = 0, .num_epochs = 0});
  content.recipe.clear();
  content.command.clear();
  content.layers.clear();
  content.training.clear();
  content.environment.clear();
  content.data.clear();
  const std::string html = render_html(content);
  expect_sound(html);
  EXPECT_THAT(html, HasSubstr("there are no curves"));
  EXPECT_THAT(html, HasSubstr("every image was classified correctly"));
  EXPECT_EQ(count_of(html, "<svg"), 1u) << "the reliability alone";
  for (const char* absent : {"id=\"recipe\"", "id=\"model\"", "id=\"run\"", "id=\"by-pair\""}) {
    EXPECT_THAT(html, Not(HasSubstr(absent)));
  }
}

TEST(RenderHtml, IsSoundForOtherShapesAndNumbersOfClasses) {
  for (const std::size_t num_classes : {2u, 26u}) {
    const std::string html = render_html(
        make_content(ContentOptions{.num_images = 300,
                                    .height = 17,
                                    .width = 40,
                                    .class_names = std::vector<std::string>(num_classes, "kind"),
                                    .num_epochs = 1}));
    expect_sound(html);
    EXPECT_EQ(count_of(html, "<th scope=\"col\"><span>kind</span>"), num_classes);
    EXPECT_THAT(html, HasSubstr("--image-width: 40; --image-height: 17;"));
  }
}

TEST(RenderHtml, StaysUnderTwoMegabytesForABadModel) {
  const std::string html = render_html(make_content(ContentOptions{
      .num_images = 10'000, .class_names = std::vector<std::string>(10, "0"), .mistake_every = 2}));
  EXPECT_LT(html.size(), 2'000'000u);
  EXPECT_THAT(html, HasSubstr("The 1,000 most confident of 5,000 mistakes:"));
}

}  // namespace
}  // namespace digitry
