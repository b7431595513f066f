#include "digitry/report/fragments.h"

#include <fmt/format.h>

#include <cstddef>
#include <kainjow/mustache.hpp>
#include <numeric>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/sha256.h"
#include "digitry/base/text.h"
#include "digitry/image/png.h"
#include "digitry/image/thumbnails.h"
#include "digitry/report/figures.h"
#include "digitry/report/gnuplot.h"
#include "digitry/report/run_page.h"
#include "digitry_embedded/fragments_html.h"
#include "digitry_embedded/report_css.h"

namespace digitry {
namespace {

using kainjow::mustache::data;

constexpr std::size_t kIdLength = 12;
constexpr std::size_t kMaxTrials = 20;

// The report's style, nested in the element: rules for the whole page match nothing there, and its
// variables become the element's.
std::string nested_css() {
  return ".digitry-report {" + replace_all(std::string(embedded::report_css()), ":root", "&") + "}";
}

std::string render(data& fragment) {
  fragment.set("css", nested_css());
  kainjow::mustache::mustache fragment_template{std::string(embedded::fragments_html())};
  std::string html = fragment_template.render(fragment);
  if (!fragment_template.is_valid())
    throw Error(ErrorCode::kInvalidArgument, "fragments.html.mustache: {}",
                fragment_template.error_message());
  return html;
}

// Empty if gnuplot is missing.
std::vector<std::string> drawn(const std::vector<Figure>& figures) {
  std::vector<FigureJob> jobs;
  for (const Figure& figure : figures) jobs.push_back({figure, FigureFormat::kSvgClear});
  try {
    return draw(jobs);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnavailable) throw;
    return {};
  }
}

// Loss and accuracy; empty if gnuplot is missing. The prefix of the SVG's ids differs from that of
// other histories in the same page.
std::vector<std::string> curves(const History& history) {
  std::vector<std::string> svgs = drawn({loss_figure(history), accuracy_figure(history)});
  if (svgs.empty()) return svgs;
  const std::string id = sha256(to_csv(history)).substr(0, kIdLength);
  return {themed_svg(std::move(svgs[0]), "loss-" + id + "-"),
          themed_svg(std::move(svgs[1]), "accuracy-" + id + "-")};
}

void add_gallery(data& fragment, const Evaluation& evaluation, const Tensor& images) {
  fragment.set("has_sheet", !images.empty());
  if (images.empty()) return;
  const auto count = static_cast<std::size_t>(images.shape()[0]);
  if (count > evaluation.mistakes.size())
    throw Error(ErrorCode::kShapeMismatch, "expected images of at most {} mistakes, got {}",
                evaluation.mistakes.size(), count);
  std::vector<std::int64_t> indices(count);
  std::iota(indices.begin(), indices.end(), 0);
  const Thumbnailer thumbnailer(images);
  const SpriteSheet sheet(thumbnailer, indices);
  const std::string png = encode_ink_png(sheet.image());
  fragment.set("sheet", base64(png));
  fragment.set("sheet_id", "s" + sha256(png).substr(0, kIdLength));
  fragment.set("sheet_width", fmt::format("{}", sheet.image().width));
  fragment.set("sheet_height", fmt::format("{}", sheet.image().height));
  add_image_size(fragment, thumbnailer);
  data tiles{data::type::list};
  for (std::size_t i = 0; i < count; ++i)
    tiles.push_back(tile(evaluation, evaluation.mistakes[i], sheet.place(indices[i])));
  fragment.set("gallery", tiles);
}

}  // namespace

std::string history_html(const History& history) {
  data fragment;
  fragment.set("has_history", true);
  fragment.set("epochs", epoch_rows(history));
  const std::vector<std::string> svgs =
      history.epochs.empty() ? std::vector<std::string>() : curves(history);
  fragment.set("has_curves", !svgs.empty());
  if (!svgs.empty()) {
    fragment.set("loss_svg", svgs[0]);
    fragment.set("accuracy_svg", svgs[1]);
    fragment.set("loss_description", loss_description(history));
    fragment.set("accuracy_description", accuracy_description(history));
  }
  return render(fragment);
}

std::string study_html(const StudyContent& content) {
  data fragment;
  fragment.set("has_study", true);
  add_trials(fragment, content, kMaxTrials);
  const std::vector<std::string> svgs = drawn({study_course_figure(content)});
  fragment.set("has_course", !svgs.empty());
  if (!svgs.empty()) {
    const std::string id = sha256(svgs[0]).substr(0, kIdLength);
    fragment.set("course_svg", themed_svg(svgs[0], "course-" + id + "-"));
  }
  return render(fragment);
}

std::string evaluation_html(const Evaluation& evaluation, const Tensor& images) {
  data fragment;
  fragment.set("has_evaluation", true);
  add_figures(fragment, evaluation);
  add_names(fragment, evaluation);
  fragment.set("columns", column_headers(evaluation));
  fragment.set("confusion", confusion_rows(evaluation));
  fragment.set("classes", class_rows(evaluation));
  add_gallery(fragment, evaluation, images);
  return render(fragment);
}

std::string model_html(const Model& model) {
  check_usable(model);
  data fragment;
  add_layers(fragment, layer_rows(model.members.front().network));
  if (model.members.size() > 1)
    fragment.set("several",
                 fmt::format("The first of {} networks; the prediction is the mean of their "
                             "probabilities.",
                             model.members.size()));
  return render(fragment);
}

}  // namespace digitry
