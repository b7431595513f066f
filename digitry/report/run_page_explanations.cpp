#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "digitry/base/error.h"
#include "digitry/base/text.h"
#include "digitry/image/png.h"
#include "digitry/report/attribution.h"
#include "digitry/report/run_page.h"

namespace digitry {
namespace {

using kainjow::mustache::data;

constexpr std::int64_t kOverlayGap = 1;

std::int64_t num_explained(const Explanations& explanations) {
  return explanations.attributions.empty() ? 0 : explanations.attributions.shape()[0];
}

/// All maps side by side in one picture, each with a border of one empty pixel.
class OverlaySheet {
 public:
  explicit OverlaySheet(const std::vector<AttributionPicture>& pictures)
      : pitch_(pictures.front().width + 2 * kOverlayGap),
        indices_{pictures.front().height + 2 * kOverlayGap, pitch_ * std::ssize(pictures), 1, {}} {
    indices_.pixels.assign(static_cast<std::size_t>(indices_.width * indices_.height),
                           attribution_index(0));
    for (std::size_t i = 0; i < pictures.size(); ++i)
      for (std::int64_t row = 0; row < pictures[i].height; ++row)
        for (std::int64_t column = 0; column < pictures[i].width; ++column)
          indices_.pixels[static_cast<std::size_t>((kOverlayGap + row) * indices_.width + x(i) +
                                                   column)] =
              attribution_index(
                  pictures[i]
                      .strengths[static_cast<std::size_t>(row * pictures[i].width + column)]);
  }

  std::int64_t width() const { return indices_.width; }
  std::int64_t height() const { return indices_.height; }
  std::int64_t x(std::size_t i) const {
    return static_cast<std::int64_t>(i) * pitch_ + kOverlayGap;
  }
  std::string png() const { return encode_palette_png(indices_, attribution_palette()); }

 private:
  std::int64_t pitch_;
  Image indices_;
};

std::vector<AttributionPicture> pictures_of(const Explanations& explanations,
                                            std::int64_t reduction) {
  const Shape& shape = explanations.attributions.shape();
  const auto size = static_cast<std::size_t>(shape[1] * shape[2]);
  std::vector<AttributionPicture> pictures;
  for (std::size_t i = 0; i < static_cast<std::size_t>(shape[0]); ++i)
    pictures.push_back(
        make_attribution_picture(explanations.attributions.as<float>().subspan(i * size, size),
                                 shape[1], shape[2], reduction));
  return pictures;
}

std::string place_or_nothing(const AttributionPicture& picture, EvidenceFor whom) {
  const std::string place = main_place(picture, whom);
  return place.empty() ? "nothing" : place;
}

/// The nearest training images of all mistakes, list by list.
class NearestTiles {
 public:
  NearestTiles(const Explanations& explanations, const Evaluation& evaluation)
      : explanations_(explanations),
        evaluation_(evaluation),
        thumbnailer_(explanations.nearest_images),
        sheet_(thumbnailer_, all_of(explanations.nearest_images)) {}

  const SpriteSheet& sheet() const { return sheet_; }

  data list(std::size_t mistake) const {
    const LabelledPrediction& prediction = evaluation_.mistakes[mistake];
    std::int64_t place = 0;
    for (std::size_t i = 0; i < mistake; ++i) place += std::ssize(explanations_.nearest[i]);
    data tiles{data::type::list};
    for (const Neighbour& neighbour : explanations_.nearest[mistake]) {
      const SpriteSheet::Place at = sheet_.place(place++);
      data tile;
      tile.set("x", fmt::format("{}", -at.x));
      tile.set("y", fmt::format("{}", -at.y));
      tile.set("index", fmt::format("{}", neighbour.image_index));
      tile.set("label", class_name(evaluation_, neighbour.label));
      tile.set("style", neighbour.label == prediction.predicted ? "answer"
                        : neighbour.label == prediction.label   ? "rival"
                                                                : "other");
      tiles.push_back(tile);
    }
    return tiles;
  }

 private:
  static std::vector<std::int64_t> all_of(const Tensor& images) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(images.shape()[0]));
    std::iota(all.begin(), all.end(), 0);
    return all;
  }

  const Explanations& explanations_;
  const Evaluation& evaluation_;
  Thumbnailer thumbnailer_;
  SpriteSheet sheet_;
};

void set_sheet(data& page, const std::string& name, const std::string& png, std::int64_t width,
               std::int64_t height) {
  page.set(name, base64(png));
  page.set(name + "_width", fmt::format("{}", width));
  page.set(name + "_height", fmt::format("{}", height));
}

/// "57,000 training images" or "20,000 of the 57,000 training images".
std::string searched(const Explanations& explanations) {
  const std::string all = grouped(explanations.num_trained) + " training images";
  return explanations.num_searched == explanations.num_trained
             ? all
             : fmt::format("{} of the {}", grouped(explanations.num_searched), all);
}

}  // namespace

void check_explanations(const ReportContent& content) {
  const Explanations& e = content.explanations;
  const Shape& images = content.images.shape();
  const std::int64_t explained = num_explained(e);
  bool fits = explained <= std::ssize(content.evaluation.mistakes);
  if (explained > 0)
    fits = fits && e.attributions.shape() == Shape{explained, images[2], images[3]};
  const auto is_class = [&](std::int32_t label) {
    return label >= 0 && label < std::ssize(content.evaluation.class_names);
  };
  std::int64_t num_nearest = 0;
  for (const auto& list : e.nearest) num_nearest += std::ssize(list);
  fits = fits && (e.nearest.empty() || std::ssize(e.nearest) == explained) &&
         num_nearest == (e.nearest_images.empty() ? 0 : e.nearest_images.shape()[0]);
  for (const auto& list : e.nearest)
    for (const Neighbour& each : list) fits = fits && is_class(each.label);
  for (const MapPoint& point : e.map)
    fits = fits && is_class(point.label) && std::isfinite(point.x) && std::isfinite(point.y);
  if (!fits)
    throw Error(ErrorCode::kShapeMismatch,
                "report: expected explanations of the evaluation's mistakes and images; got {} "
                "attributions of {}, {} lists of nearest images, {} of them, {} mistakes",
                explained, e.attributions.shape().to_string(), e.nearest.size(), num_nearest,
                content.evaluation.mistakes.size());
}

void add_explained(data& page, const ReportContent& content, const Thumbnailer& thumbnailer,
                   const SpriteSheet& sheet) {
  const Explanations& explanations = content.explanations;
  const Evaluation& evaluation = content.evaluation;
  const std::int64_t count = num_explained(explanations);
  const bool has_nearest = !explanations.nearest_images.empty();
  page.set("has_explained", count > 0);
  page.set("has_nearest", has_nearest);
  if (count == 0) return;
  const auto pictures = pictures_of(explanations, thumbnailer.reduction());
  const OverlaySheet overlays(pictures);
  set_sheet(page, "overlays", overlays.png(), overlays.width(), overlays.height());
  std::optional<NearestTiles> nearest;
  if (has_nearest) {
    nearest.emplace(explanations, evaluation);
    const SpriteSheet& theirs = nearest->sheet();
    set_sheet(page, "nearest_sheet", encode_ink_png(theirs.image()), theirs.image().width,
              theirs.image().height);
  }
  data entries{data::type::list};
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const LabelledPrediction& mistake = evaluation.mistakes[i];
    const SpriteSheet::Place place = sheet.place(mistake.image_index);
    const std::string answer = class_name(evaluation, mistake.predicted);
    const std::string label = class_name(evaluation, mistake.label);
    data entry;
    entry.set("index", fmt::format("{}", mistake.image_index));
    entry.set("label", label);
    entry.set("predicted", answer);
    entry.set("probability", probability_text(mistake.probability));
    entry.set("x", fmt::format("{}", -place.x));
    entry.set("y", fmt::format("{}", -place.y));
    entry.set("overlay_x", fmt::format("{}", -overlays.x(i)));
    entry.set("overlay_y", fmt::format("{}", -kOverlayGap));
    entry.set("for_answer", place_or_nothing(pictures[i], EvidenceFor::kAnswer));
    entry.set("for_rival", place_or_nothing(pictures[i], EvidenceFor::kRival));
    if (nearest) entry.set("nearest", nearest->list(i));
    entries.push_back(entry);
  }
  page.set("explained", entries);
  page.set("num_explained", grouped(count));
  page.set("explained_are_cut", count < std::ssize(evaluation.mistakes));
  page.set("patch_size", fmt::format("{}", explanations.patch_size));
  page.set("searched", searched(explanations));
  page.set("num_features", grouped(explanations.num_features));
  page.set("why_no_nearest", !explanations.no_nearest.empty());
  page.set("no_nearest", clean_utf8(explanations.no_nearest));
}

}  // namespace digitry
