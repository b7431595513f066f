#include "digitry/vision/find_digits.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "digitry/vision/components.h"
#include "digitry/vision/cuts.h"
#include "digitry/vision/reading.h"

namespace digitry {
namespace {

// Lean of MNIST's digits to the right, as a tangent: the mean, and the largest usual distance from
// it of the median of several digits, and of one or two.
constexpr double kUsualLean = 0.15;
constexpr double kLeanOfMany = 0.45;
constexpr double kLeanOfFew = 0.8;
constexpr std::size_t kManyLeans = 3;

constexpr double kDoubtfulCost = 0.02;  // Above it a glyph may be several digits, or part of one.
constexpr double kLeastScore = 1e-4;
constexpr double kCutCost = 0.7;            // in the unit of −log of a score; none in a gap
constexpr double kLoneCutCost = 0.4;        // the first cut of what is alone in its picture
constexpr double kNarrowestPair = 0.5;      // width by height
constexpr double kWidestDigit = 1.1;        // width by height
constexpr double kWidestLoneDigit = 1.45;   // the same, of a digit in several parts
constexpr double kWidthCost = 5;            // per unit of width by height above that
constexpr double kWidestSegment = 1.35;     // of a digit's height
constexpr double kCutSlack = 0.3;           // of a digit's height: how far cuts may lean
constexpr double kLowestSegment = 0.35;     // of a digit's height
constexpr double kLowSegment = 0.7;         // of a digit's height: anything lower costs
constexpr double kLowCost = 5;              // per digit's height below that
constexpr double kLowestRow = 2.5;          // stroke widths: anything lower is a single stroke
constexpr std::size_t kMaxSegments = 2000;  // per glyph
constexpr std::size_t kMostDigits = 12;     // per glyph, of a row with a known number of digits

double typical_lean(const std::vector<Glyph>& glyphs) {
  std::vector<double> leans;
  for (const Glyph& glyph : glyphs)
    if (glyph.box.width <= kWidestDigit * glyph.box.height) leans.push_back(lean_of(glyph));
  if (leans.empty()) return 0;
  const auto middle = leans.begin() + std::ssize(leans) / 2;
  std::nth_element(leans.begin(), middle, leans.end());
  const double excess = *middle - kUsualLean;
  const double usual = leans.size() >= kManyLeans ? kLeanOfMany : kLeanOfFew;
  return std::fabs(excess) > usual ? excess : 0;
}

std::span<const float> ink_of(const cv::Mat& ink) { return {ink.ptr<float>(), ink.total()}; }

// The image of a piece of the glyph.
PieceImage image_of(const Glyph& piece, const Glyph& glyph, double lean) {
  Glyph alone{.box = glyph.box, .ink = cv::Mat::zeros(glyph.ink.size(), CV_32F)};
  piece.ink.copyTo(alone.ink(piece.box - glyph.box.tl()));
  Glyph around{.box = glyph.box, .ink = glyph.ink.clone()};
  around.ink.setTo(0, alone.ink > 0);
  if (lean != 0) {
    alone = sheared(alone, lean);
    around = sheared(around, lean);
  }
  const cv::Mat& ink = alone.ink;
  return {to_mnist_form(ink_of(ink), ink.rows, ink.cols),
          to_mnist_form(ink_of(ink), ink_of(around.ink), ink.rows, ink.cols)};
}

struct ClassifiedGlyph {
  Glyph glyph;
  MnistImage image{};
  DigitPrediction prediction{};
};

// Pieces of the glyphs at the same places.
std::vector<ClassifiedGlyph> classify_pieces(std::vector<Glyph> pieces,
                                             std::span<const Glyph* const> glyphs, double lean,
                                             const PieceClassifier& classify) {
  if (pieces.empty()) return {};
  std::vector<PieceImage> images;
  for (std::size_t i = 0; i < pieces.size(); ++i)
    images.push_back(image_of(pieces[i], *glyphs[i], lean));
  std::vector<DigitPrediction> predictions = classify(images);
  std::vector<ClassifiedGlyph> classified;
  for (std::size_t i = 0; i < pieces.size(); ++i)
    classified.push_back({std::move(pieces[i]), images[i].alone, std::move(predictions[i])});
  return classified;
}

std::vector<ClassifiedGlyph> classify_glyphs(const std::vector<Glyph>& glyphs, double lean,
                                             const PieceClassifier& classify) {
  std::vector<const Glyph*> wholes;
  for (const Glyph& glyph : glyphs) wholes.push_back(&glyph);
  return classify_pieces(glyphs, wholes, lean, classify);
}

// Doubt that the piece is one digit, and which; 0 for none.
double cost_of(const DigitPrediction& prediction, const cv::Rect& box,
               double widest = kWidestDigit) {
  const double width = static_cast<double>(box.width) / box.height - widest;
  const float most = std::ranges::max(prediction.probabilities);
  const double sure = prediction.score * static_cast<double>(most);
  return -std::log(std::clamp(sure, kLeastScore, 1.0)) + kWidthCost * std::max(0.0, width);
}

// Nothing for a cut through a gap; a constant for one through a stroke.
double cost_of_cut(const Cut& cut) { return kCutCost * std::min(1.0, cut.crossed); }

// The glyph itself and its parts between any two cuts.
struct Pieces {
  std::vector<Segment> segments;  // The cost is that of the cut on the right.
  std::vector<Glyph> glyphs;
};

Pieces pieces_of(const Glyph& glyph, const std::vector<Cut>& cuts, double digit_height) {
  Pieces pieces;
  const auto cut_at = [&](std::size_t boundary) {
    return boundary == 0 || boundary > cuts.size() ? nullptr : &cuts[boundary - 1];
  };
  const std::size_t end = cuts.size() + 1;
  const auto add = [&](std::size_t first, std::size_t last, Glyph piece) {
    const Cut* const cut = cut_at(last);
    pieces.segments.push_back({first, last, cut == nullptr ? 0 : cost_of_cut(*cut)});
    pieces.glyphs.push_back(std::move(piece));
  };
  add(0, end, glyph);
  for (std::size_t first = 0; first < end; ++first)
    for (std::size_t last = first + 1; last <= end; ++last) {
      if (first == 0 && last == end) continue;
      const double reach = (last == end ? glyph.ink.cols : mean_x(cuts[last - 1])) -
                           (first == 0 ? 0 : mean_x(cuts[first - 1]));
      if (reach > (kWidestSegment + kCutSlack) * digit_height) break;
      if (pieces.segments.size() >= kMaxSegments) return {};
      Glyph piece = between(glyph, cut_at(first), cut_at(last));
      if (piece.box.empty() || piece.box.height < kLowestSegment * digit_height) continue;
      if (piece.box.width > kWidestSegment * digit_height) continue;
      add(first, last, std::move(piece));
    }
  return pieces;
}

// What a part of the writing may be read as.
struct DigitRow {
  std::vector<ClassifiedGlyph> digits;
  double cost = 0;
};

// The cheapest row of digits of each number, from 1 on; the glyph itself is always one.
std::vector<DigitRow> rows_of(ClassifiedGlyph whole, bool alone, double digit_height,
                              double stroke_width, double lean, const PieceClassifiers& classify) {
  const std::vector<Cut> cuts = find_cuts(whole.glyph, digit_height, stroke_width);
  Pieces pieces = pieces_of(whole.glyph, cuts, digit_height);
  const std::vector<const Glyph*> wholes(pieces.glyphs.size(), &whole.glyph);
  std::vector<ClassifiedGlyph> classified =
      classify_pieces(std::move(pieces.glyphs), wholes, lean, classify.parts);
  // The first piece is the glyph itself.
  if (!classified.empty())
    classified.front() = std::move(classify_glyphs({whole.glyph}, lean, classify.wholes).front());
  for (std::size_t i = 0; i < classified.size(); ++i) {
    const cv::Rect& box = classified[i].glyph.box;
    pieces.segments[i].cost += cost_of(classified[i].prediction, box);
    if (i > 0)
      pieces.segments[i].cost += kLowCost * std::max(0.0, kLowSegment - box.height / digit_height);
  }
  std::vector<DigitRow> rows;
  for (const SegmentRow& row : cheapest_rows(pieces.segments, cuts.size() + 1, kMostDigits)) {
    if (row.segments.empty()) continue;
    DigitRow& reading = rows.emplace_back();
    reading.cost = row.cost;
    if (alone && row.segments.size() > 1) reading.cost += kLoneCutCost;
    for (const std::size_t i : row.segments) reading.digits.push_back(classified[i]);
  }
  if (rows.empty()) rows.push_back({{std::move(whole)}, 0});
  return rows;
}

// A certain digit is never cut, and neither is a glyph too narrow for two.
bool may_be_several(const ClassifiedGlyph& classified) {
  const cv::Rect& box = classified.glyph.box;
  return box.width >= kNarrowestPair * box.height &&
         cost_of(classified.prediction, box) > kDoubtfulCost;
}

// All ink of the picture as one digit, if that is certain.
std::optional<ClassifiedGlyph> only_digit(const Paper& paper, const Components& components,
                                          const std::vector<Blob>& blobs, bool any_doubt,
                                          double lean, const PieceClassifier& classify) {
  constexpr double kCertain = 0.1;
  if (!may_be_only_digit(blobs, any_doubt)) return std::nullopt;
  std::vector<std::size_t> all(blobs.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  ClassifiedGlyph classified = std::move(
      classify_glyphs({cut_out(paper, components, together(blobs, all))}, lean, classify).front());
  const double cost = cost_of(classified.prediction, classified.glyph.box, kWidestLoneDigit);
  return cost > kCertain ? std::nullopt : std::optional(std::move(classified));
}

// What it costs to leave a glyph out, because it is no digit.
double cost_of_nothing(const ClassifiedGlyph& glyph) {
  return -std::log(std::max(1 - glyph.prediction.score, kLeastScore));
}

// The parts of the writing in reading order, each with the rows of digits that it may be.
std::vector<std::vector<DigitRow>> in_reading_order(std::vector<std::vector<DigitRow>> parts,
                                                    const std::vector<PixelBox>& boxes) {
  std::vector<std::vector<DigitRow>> ordered;
  for (const PlacedBox& placed : reading_order(boxes))
    ordered.push_back(std::move(parts[placed.index]));
  return ordered;
}

// The chosen row of each part; `as_expected` says whether they have the digits of the pattern.
std::vector<std::size_t> choose_rows(const std::vector<std::vector<DigitRow>>& parts,
                                     const std::optional<DigitPattern>& pattern,
                                     bool& as_expected) {
  std::vector<std::vector<ReadingOption>> options;
  for (const auto& rows : parts) {
    auto& of_part = options.emplace_back();
    for (const DigitRow& row : rows) of_part.push_back({row.digits.size(), row.cost});
  }
  std::vector<std::size_t> chosen;
  if (pattern) chosen = choose_readings(options, *pattern);
  as_expected = !chosen.empty();
  return as_expected ? chosen : choose_readings(options);
}

FoundDigits found(std::vector<ClassifiedGlyph> digits, std::vector<Foreign> left_out, double lean) {
  FoundDigits result{.digits = {}, .left_out = std::move(left_out), .lean = lean};
  for (ClassifiedGlyph& digit : digits)
    result.digits.push_back({digit.glyph.box, digit.image, std::move(digit.prediction)});
  return result;
}

}  // namespace

PixelBox place_in_text(const Paper& paper, const cv::Rect& box) {
  const int cell = paper.cells ? paper.cells->at(box) : -1;
  if (cell < 0) return {box.x, box.y, box.width, box.height};
  const auto pitch = static_cast<std::int64_t>(paper.cells->pitch);
  const int y = box.y + box.height / 2;
  int right = box.x + box.width;
  while (right < paper.cells->of.cols && paper.cells->of.at<int>(y, right) == cell) ++right;
  return {box.x, cell / paper.cells->num_columns * pitch, right - box.x, pitch};
}

FoundDigits find_digits(const Paper& paper, const PieceClassifiers& classify,
                        const FindOptions& options) {
  const Components components = find_components(paper);
  std::vector<Foreign> left_out = components.left_out;
  const std::vector<Blob> blobs = join_broken(components, &left_out);
  std::vector<Glyph> glyphs;
  if (options.layout == Layout::kSingle && !blobs.empty()) {
    std::vector<std::size_t> all(blobs.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    glyphs.push_back(cut_out(paper, components, together(blobs, all)));
    const double lean = typical_lean(glyphs);
    return found(classify_glyphs(glyphs, lean, classify.wholes), std::move(left_out), lean);
  }
  for (const Blob& blob : blobs) glyphs.push_back(cut_out(paper, components, blob));
  const double lean = typical_lean(glyphs);
  std::vector<ClassifiedGlyph> wholes = classify_glyphs(glyphs, lean, classify.wholes);
  if (!options.split_touching || options.layout == Layout::kBoxes)
    return found(std::move(wholes), std::move(left_out), lean);
  const double height = components.digit_height;
  const double stroke_width = paper.ink.stroke_width;
  std::vector<bool> doubtful;
  for (const ClassifiedGlyph& whole : wholes)
    doubtful.push_back(cost_of(whole.prediction, whole.glyph.box) > kDoubtfulCost);
  const bool any_doubt = std::ranges::find(doubtful, true) != doubtful.end();
  const bool know_several = options.pattern && options.pattern->num_digits > 1;
  if (!know_several) {
    if (auto only = only_digit(paper, components, blobs, any_doubt, lean, classify.wholes)) {
      FoundDigits result = found({std::move(*only)}, std::move(left_out), lean);
      result.as_expected = options.pattern.has_value();
      return result;
    }
  }
  const bool alone = blobs.size() == 1;
  std::vector<std::vector<DigitRow>> parts;
  std::vector<PixelBox> boxes;
  for (const auto& group : group_neighbours(blobs, doubtful, height)) {
    ClassifiedGlyph& first = wholes[group.front()];
    const cv::Rect box = together(blobs, group).box;
    const double nothing = cost_of_nothing(first);
    const bool several =
        know_several ? box.width >= kNarrowestPair * box.height : may_be_several(first);
    if (group.size() > 1) {
      parts.push_back(rows_of({.glyph = cut_out(paper, components, together(blobs, group))}, alone,
                              height, stroke_width, lean, classify));
    } else if (several && box.height > kLowestRow * stroke_width) {
      parts.push_back(rows_of(std::move(first), alone, height, stroke_width, lean, classify));
    } else {
      const double cost = cost_of(first.prediction, first.glyph.box);
      parts.push_back({{{std::move(first)}, cost}});
    }
    if (options.pattern) parts.back().push_back({{}, nothing});
    boxes.push_back(place_in_text(paper, box));
  }
  parts = in_reading_order(std::move(parts), boxes);
  bool as_expected = false;
  const std::vector<std::size_t> chosen = choose_rows(parts, options.pattern, as_expected);
  std::vector<ClassifiedGlyph> digits;
  for (std::size_t part = 0; part < parts.size(); ++part)
    for (ClassifiedGlyph& digit : parts[part][chosen[part]].digits)
      digits.push_back(std::move(digit));
  FoundDigits result = found(std::move(digits), std::move(left_out), lean);
  result.as_expected = as_expected;
  return result;
}

}  // namespace digitry
