#include "digitry/report/run_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <kainjow/mustache.hpp>

#include "digitry/base/error.h"
#include "digitry/base/text.h"
#include "digitry/image/png.h"
#include "digitry/image/thumbnails.h"
#include "digitry_embedded/report_css.h"
#include "digitry_embedded/report_html.h"

namespace digitry {
namespace {

using kainjow::mustache::data;

/// Target sizes in CSS pixels; pictures are enlarged by integer factors to come close to them.
constexpr std::int64_t kLargeSide = 84;
constexpr std::int64_t kSmallSide = 56;
constexpr std::size_t kShortName = 3;
constexpr std::size_t kPairSamples = 5;

std::int64_t zoom(const Thumbnailer& thumbnailer, std::int64_t wanted) {
  const std::int64_t side = std::max(thumbnailer.width(), thumbnailer.height());
  return std::max<std::int64_t>(1, (wanted + side / 2) / side);
}

class Tiles {
 public:
  Tiles(const Evaluation& evaluation, const SpriteSheet& sheet)
      : evaluation_(evaluation), sheet_(sheet) {}

  data list(const std::vector<LabelledPrediction>& predictions, std::size_t most = SIZE_MAX) const {
    data tiles{data::type::list};
    for (std::size_t i = 0; i < std::min(predictions.size(), most); ++i) {
      tiles.push_back(tile(evaluation_, predictions[i], sheet_.place(predictions[i].image_index)));
    }
    return tiles;
  }

 private:
  const Evaluation& evaluation_;
  const SpriteSheet& sheet_;
};

void add_headline(data& page, const ReportContent& content) {
  page.set("title", clean_utf8(content.title));
  page.set("split", clean_utf8(content.split));
  add_figures(page, content.evaluation);
}

void add_images(data& page, const ReportContent& content) {
  const Evaluation& evaluation = content.evaluation;
  const PageImages images = choose_images(evaluation);
  const Thumbnailer thumbnailer(content.images);
  const SpriteSheet sheet(thumbnailer, images.indices());
  const Tiles tiles(evaluation, sheet);

  const bool has_sheet = sheet.num_images() > 0;
  page.set("sheet", has_sheet ? base64(encode_ink_png(sheet.image())) : std::string());
  page.set("has_sheet", has_sheet);
  page.set("sheet_width", fmt::format("{}", sheet.image().width));
  page.set("sheet_height", fmt::format("{}", sheet.image().height));
  add_image_size(page, thumbnailer);

  page.set("gallery", tiles.list(images.gallery));
  page.set("gallery_is_cut", images.gallery.size() < evaluation.mistakes.size());
  page.set("gallery_count", grouped(static_cast<std::int64_t>(images.gallery.size())));

  data pairs{data::type::list}, top_pairs{data::type::list};
  for (const PairImages& images_of_pair : images.pairs) {
    data pair = pair_row(evaluation, images_of_pair.pair);
    const auto shown = static_cast<std::int64_t>(images_of_pair.shown.size());
    pair.set("is_cut", shown < images_of_pair.pair.count);
    pair.set("shown", grouped(shown));
    if (pairs.list_value().size() < kMaxTopPairs) {
      data top = pair;
      top.set("samples", tiles.list(images_of_pair.shown, kPairSamples));
      top_pairs.push_back(top);
    }
    pair.set("tiles", tiles.list(images_of_pair.shown));
    pairs.push_back(pair);
  }
  page.set("has_suspected", !images.suspected.empty());
  page.set("suspected", tiles.list(images.suspected));
  page.set("num_suspected",
           grouped(static_cast<std::int64_t>(evaluation.suspected_labels.images.size())));
  page.set("num_confident", grouped(evaluation.suspected_labels.num_confident));

  page.set("pairs_are_cut", images.pairs.size() > kMaxTopPairs);
  page.set("top_pairs", top_pairs);
  page.set("pairs", pairs);

  data classes{data::type::list};
  for (std::size_t c = 0; c < images.least_sure.size(); ++c) {
    if (images.least_sure[c].empty()) continue;
    data entry;
    entry.set("class", class_name(evaluation, static_cast<std::int32_t>(c)));
    entry.set("anchor", fmt::format("class-{}", c));
    entry.set("tiles", tiles.list(images.least_sure[c]));
    classes.push_back(entry);
  }
  page.set("has_least_sure", !classes.list_value().empty());
  page.set("least_sure", classes);
  add_explained(page, content, thumbnailer, sheet);
}

// Sets has_NAME and, if there are images, NAME, NAME_width and NAME_height.
void add_sheet(data& page, const std::string& name, const Tensor& images, std::int64_t per_row) {
  page.set("has_" + name, !images.empty());
  if (images.empty()) return;
  const Image sheet = make_contact_sheet(images, {.per_row = per_row});
  page.set(name, base64(encode_ink_png(sheet)));
  page.set(name + "_width", fmt::format("{}", sheet.width));
  page.set(name + "_height", fmt::format("{}", sheet.height));
}

void add_augmented(data& page, const ReportContent& content) {
  add_sheet(page, "augmented", content.augmented, content.augmented_per_row);
  page.set("augmented_versions", fmt::format("{}", content.augmented_per_row - 1));
}

void add_robustness(data& page, const ReportContent& content) {
  page.set("has_robustness", content.robustness.has_value());
  if (!content.robustness) return;
  page.set("mean_robustness", percent_number(content.robustness->mean_accuracy, 2));
  page.set("num_corruptions", fmt::format("{}", content.robustness->corrupted.size()));
  page.set("robustness", robustness_rows(*content.robustness));
  add_sheet(page, "corrupted", content.corrupted, content.corrupted_per_row);
}

void add_curves(data& page, const History& history, const PageCurves& curves) {
  page.set("has_history", !history.epochs.empty());
  page.set("loss_svg", curves.loss_svg);
  page.set("accuracy_svg", curves.accuracy_svg);
  page.set("loss_description", loss_description(history));
  page.set("accuracy_description", accuracy_description(history));
  page.set("epochs", epoch_rows(history));
}

void add_calibration(data& page, const Evaluation& evaluation, const PageCurves& curves) {
  page.set("reliability_svg", curves.reliability_svg);
  page.set("reliability_description", reliability_description(evaluation));
  page.set("reliability", reliability_rows(evaluation));
  page.set("calibration_error",
           percent_number(evaluation.calibration.expected_calibration_error, 2));
  page.set("brier_score", fmt::format("{:.4f}", evaluation.calibration.brier_score));
  page.set("is_scaled", evaluation.temperature != 1);
  page.set("temperature", fmt::format("{:.2f}", evaluation.temperature));
  page.set("raw_calibration_error",
           percent_number(evaluation.uncalibrated.expected_calibration_error, 2));
  page.set("raw_loss", fmt::format("{:.4f}", evaluation.uncalibrated.negative_log_likelihood));
}

}  // namespace

data tile(const Evaluation& evaluation, const LabelledPrediction& prediction,
          const SpriteSheet::Place& place) {
  data tile;
  tile.set("x", fmt::format("{}", -place.x));
  tile.set("y", fmt::format("{}", -place.y));
  tile.set("index", fmt::format("{}", prediction.image_index));
  tile.set("label", class_name(evaluation, prediction.label));
  tile.set("predicted", class_name(evaluation, prediction.predicted));
  tile.set("probability", probability_text(prediction.probability));
  return tile;
}

void add_image_size(data& page, const Thumbnailer& thumbnailer) {
  page.set("image_width", fmt::format("{}", thumbnailer.width()));
  page.set("image_height", fmt::format("{}", thumbnailer.height()));
  page.set("zoom", fmt::format("{}", zoom(thumbnailer, kLargeSide)));
  page.set("small_zoom", fmt::format("{}", zoom(thumbnailer, kSmallSide)));
}

void add_figures(data& page, const Evaluation& evaluation) {
  const auto num_mistakes = static_cast<std::int64_t>(evaluation.mistakes.size());
  page.set("accuracy", percent_number(evaluation.accuracy, 2));
  page.set("accuracy_low", percent_number(evaluation.accuracy_95.low, 2));
  page.set("accuracy_high", percent_number(evaluation.accuracy_95.high, 2));
  page.set("loss", fmt::format("{:.4f}", evaluation.loss));
  page.set("num_images", grouped(evaluation.num_images));
  page.set("num_mistakes", grouped(num_mistakes));
  page.set("mistakes_noun", num_mistakes == 1 ? "mistake" : "mistakes");
  page.set("has_mistakes", num_mistakes > 0);
}

void add_names(data& page, const Evaluation& evaluation) {
  std::size_t longest = 0;
  for (const std::string& name : evaluation.class_names) {
    longest = std::max(longest, num_code_points(clean_utf8(name)));
  }
  page.set("long_names", longest > kShortName);
  page.set("num_classes", fmt::format("{}", evaluation.class_names.size()));
}

std::string render_page(const ReportContent& content, const PageCurves& curves) {
  data page;
  page.set("css", std::string(embedded::report_css()));
  add_headline(page, content);
  add_curves(page, content.history, curves);
  add_calibration(page, content.evaluation, curves);
  add_names(page, content.evaluation);
  page.set("columns", column_headers(content.evaluation));
  page.set("confusion", confusion_rows(content.evaluation));
  page.set("classes", class_rows(content.evaluation));
  add_class_means(page, content.evaluation);
  add_images(page, content);
  add_map(page, content);
  add_augmented(page, content);
  add_robustness(page, content);
  add_provenance(page, content);

  kainjow::mustache::mustache page_template{std::string(embedded::report_html())};
  std::string html = page_template.render(page);
  if (!page_template.is_valid()) {
    throw Error(ErrorCode::kInvalidArgument, "report.html.mustache: {}",
                page_template.error_message());
  }
  return html;
}

}  // namespace digitry
