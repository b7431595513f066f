#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "digitry/base/quantile.h"
#include "digitry/base/text.h"
#include "digitry/report/run_page.h"

namespace digitry {
namespace {

/// The largest number of images per list that keeps the sum within `budget`; at least 1.
template <typename Lists, typename Size>
std::size_t fair_share(const Lists& lists, const Size& size, std::size_t most, std::size_t budget) {
  for (; most > 1; --most) {
    std::size_t total = 0;
    for (const auto& list : lists) total += std::min(size(list), most);
    if (total <= budget) break;
  }
  return most;
}

}  // namespace

std::vector<std::int64_t> PageImages::indices() const {
  std::vector<std::int64_t> all;
  std::set<std::int64_t> seen;
  const auto add = [&](const std::vector<LabelledPrediction>& predictions) {
    for (const LabelledPrediction& prediction : predictions) {
      if (seen.insert(prediction.image_index).second) all.push_back(prediction.image_index);
    }
  };
  add(gallery);
  for (const PairImages& pair : pairs) add(pair.shown);
  for (const auto& predictions : least_sure) add(predictions);
  add(suspected);
  return all;
}

PageImages choose_images(const Evaluation& evaluation) {
  PageImages images;
  const auto& mistakes = evaluation.mistakes;
  images.gallery.assign(mistakes.begin(), mistakes.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                 mistakes.size(), kMaxGallery)));

  std::map<std::pair<std::int32_t, std::int32_t>, std::vector<LabelledPrediction>> by_pair;
  for (const LabelledPrediction& mistake : mistakes) {
    by_pair[{mistake.label, mistake.predicted}].push_back(mistake);
  }
  for (const ConfusedPair& pair : evaluation.most_confused) {
    images.pairs.push_back({pair, std::move(by_pair[{pair.label, pair.predicted}])});
  }
  const std::size_t of_pair = fair_share(
      images.pairs, [](const PairImages& pair) { return pair.shown.size(); }, kMaxImagesOfPair,
      kMaxPairImages);
  for (PairImages& pair : images.pairs) pair.shown.resize(std::min(pair.shown.size(), of_pair));

  const auto& suspected = evaluation.suspected_labels.images;
  images.suspected.assign(
      suspected.begin(),
      suspected.begin() + static_cast<std::ptrdiff_t>(std::min(suspected.size(), kMaxSuspected)));
  images.least_sure = evaluation.least_sure;
  const std::size_t of_class = fair_share(
      images.least_sure, [](const auto& predictions) { return predictions.size(); }, 24,
      kMaxLeastSureImages);
  for (auto& predictions : images.least_sure) {
    predictions.resize(std::min(predictions.size(), of_class));
  }
  return images;
}

namespace {

using kainjow::mustache::data;

// In units of the drawing, which the page scales.
constexpr double kMapWidth = 640;
constexpr double kMapHeight = 480;
constexpr double kMapMargin = 14;
constexpr std::size_t kMapColors = 10;
constexpr std::size_t kMaxMapName = 16;

struct Point {
  double x = 0;
  double y = 0;
};

/// Scales points to fit the drawing without distortion.
std::vector<Point> fitted(const std::vector<MapPoint>& map) {
  std::vector<Point> points;
  for (const MapPoint& point : map) points.push_back({point.x, point.y});
  const auto [left, right] = std::ranges::minmax_element(points, {}, &Point::x);
  const auto [top, bottom] = std::ranges::minmax_element(points, {}, &Point::y);
  const Point low{left->x, top->y}, high{right->x, bottom->y};
  const auto scale = [](double room, double extent) {
    return extent > 0 ? (room - 2 * kMapMargin) / extent : 1;
  };
  const double factor =
      std::min(scale(kMapWidth, high.x - low.x), scale(kMapHeight, high.y - low.y));
  for (Point& point : points) {
    point.x = kMapWidth / 2 + factor * (point.x - (low.x + high.x) / 2);
    point.y = kMapHeight / 2 + factor * (point.y - (low.y + high.y) / 2);
  }
  return points;
}

std::string coordinate(double value) { return fmt::format("{:.1f}", value); }

/// The dots of one class as a single path: lines of zero length with round ends.
data class_entry(const Evaluation& evaluation, std::int32_t label,
                 const std::vector<Point>& points) {
  std::vector<double> x, y;
  std::string path;
  for (const Point& point : points) {
    path += fmt::format("M{:.1f} {:.1f}h0", point.x, point.y);
    x.push_back(point.x);
    y.push_back(point.y);
  }
  data entry;
  entry.set("style", fmt::format("{}", static_cast<std::size_t>(label) % kMapColors));
  entry.set("path", path);
  entry.set("class", elided(class_name(evaluation, label), kMaxMapName));
  entry.set("x", coordinate(median(x)));
  entry.set("y", coordinate(median(y)));
  return entry;
}

data cross_entry(const Evaluation& evaluation, const LabelledPrediction& mistake,
                 const Point& point) {
  data entry;
  entry.set("x", coordinate(point.x));
  entry.set("y", coordinate(point.y));
  entry.set("index", fmt::format("{}", mistake.image_index));
  entry.set("label", class_name(evaluation, mistake.label));
  entry.set("predicted", class_name(evaluation, mistake.predicted));
  entry.set("probability", probability_text(mistake.probability));
  return entry;
}

std::map<std::int64_t, LabelledPrediction> mistakes_by_image(const Evaluation& evaluation) {
  std::map<std::int64_t, LabelledPrediction> mistakes;
  for (const LabelledPrediction& mistake : evaluation.mistakes)
    mistakes[mistake.image_index] = mistake;
  return mistakes;
}

}  // namespace

void add_map(data& page, const ReportContent& content) {
  const std::vector<MapPoint>& map = content.explanations.map;
  page.set("has_map", !map.empty());
  if (map.empty()) return;
  const Evaluation& evaluation = content.evaluation;
  const std::vector<Point> points = fitted(map);
  const auto mistakes = mistakes_by_image(evaluation);
  std::map<std::int32_t, std::vector<Point>> by_class;
  data crosses{data::type::list};
  for (std::size_t i = 0; i < points.size(); ++i) {
    by_class[map[i].label].push_back(points[i]);
    const auto mistake = mistakes.find(map[i].image_index);
    if (mistake != mistakes.end())
      crosses.push_back(cross_entry(evaluation, mistake->second, points[i]));
  }
  data classes{data::type::list};
  for (const auto& [label, of_class] : by_class)
    classes.push_back(class_entry(evaluation, label, of_class));
  const std::size_t num_crosses = crosses.list_value().size();
  page.set("map_classes", classes);
  page.set("map_mistakes", crosses);
  page.set("num_mapped", grouped(std::ssize(points)));
  page.set("num_mapped_mistakes", grouped(static_cast<std::int64_t>(num_crosses)));
  page.set("all_are_mapped", std::ssize(points) == evaluation.num_images);
  page.set("num_features", grouped(content.explanations.num_features));
}

}  // namespace digitry
