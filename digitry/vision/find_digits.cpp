#include "digitry/vision/find_digits.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "digitry/base/quantile.h"
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
  const double excess = median(leans) - kUsualLean;
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
std::vector<DigitRow> cheapest_readings(ClassifiedGlyph whole, bool alone, double digit_height,
                                        double stroke_width, double lean,
                                        const PieceClassifiers& classify) {
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

// What it costs to leave a glyph out, because it is no digit.
double cost_of_nothing(const ClassifiedGlyph& glyph) {
  return -std::log(std::max(1 - glyph.prediction.score, kLeastScore));
}

// A part of the writing: what it may be read as, and where it stands.
struct Part {
  std::vector<DigitRow> rows;
  PixelBox box;
};

// The chosen row of each part; `as_expected` says whether they have the digits of the pattern.
std::vector<std::size_t> choose_rows(const std::vector<Part>& parts,
                                     const std::optional<DigitPattern>& pattern,
                                     bool& as_expected) {
  std::vector<std::vector<ReadingOption>> options;
  for (const Part& part : parts) {
    auto& of_part = options.emplace_back();
    for (const DigitRow& row : part.rows) of_part.push_back({row.digits.size(), row.cost});
  }
  std::vector<std::size_t> chosen;
  if (pattern) chosen = choose_readings(options, *pattern);
  as_expected = !chosen.empty();
  return as_expected ? chosen : choose_readings(options);
}

class DigitFinder {
 public:
  DigitFinder(const Paper& paper, const PieceClassifiers& classify, const FindOptions& options)
      : paper_(paper),
        classify_(classify),
        options_(options),
        components_(find_components(paper)),
        left_out_(components_.left_out),
        blobs_(join_broken(components_, &left_out_)),
        know_several_(options.pattern && options.pattern->num_digits > 1) {}

  FoundDigits find() {
    if (options_.layout == Layout::kSingle && !blobs_.empty()) {
      const std::vector<Glyph> all{all_ink()};
      lean_ = typical_lean(all);
      return found(classify_glyphs(all, lean_, classify_.wholes));
    }
    std::vector<Glyph> glyphs;
    for (const Blob& blob : blobs_) glyphs.push_back(cut_out(paper_, components_, blob));
    lean_ = typical_lean(glyphs);
    wholes_ = classify_glyphs(glyphs, lean_, classify_.wholes);
    if (!options_.split_touching || options_.layout == Layout::kBoxes)
      return found(std::move(wholes_));
    for (const ClassifiedGlyph& whole : wholes_)
      doubtful_.push_back(cost_of(whole.prediction, whole.glyph.box) > kDoubtfulCost);
    if (auto only = only_digit()) return found({std::move(*only)}, options_.pattern.has_value());
    return best_reading(parts_in_reading_order());
  }

 private:
  Glyph all_ink() const {
    std::vector<std::size_t> all(blobs_.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return cut_out(paper_, components_, together(blobs_, all));
  }

  // All ink of the picture as one digit, if that is certain.
  std::optional<ClassifiedGlyph> only_digit() const {
    constexpr double kCertain = 0.1;
    const bool any_doubt = std::ranges::find(doubtful_, true) != doubtful_.end();
    if (know_several_ || !may_be_only_digit(blobs_, any_doubt)) return std::nullopt;
    ClassifiedGlyph all = std::move(classify_glyphs({all_ink()}, lean_, classify_.wholes).front());
    const double cost = cost_of(all.prediction, all.glyph.box, kWidestLoneDigit);
    return cost > kCertain ? std::nullopt : std::optional(std::move(all));
  }

  std::vector<Part> parts_in_reading_order() {
    std::vector<Part> parts;
    std::vector<PixelBox> boxes;
    for (const auto& group : group_neighbours(blobs_, doubtful_, components_.digit_height)) {
      parts.push_back(part_of(group));
      boxes.push_back(parts.back().box);
    }
    std::vector<Part> ordered;
    for (const PlacedBox& placed : reading_order(boxes))
      ordered.push_back(std::move(parts[placed.index]));
    return ordered;
  }

  // Of neighbours that may be parts of one digit, or of one blob.
  Part part_of(const std::vector<std::size_t>& group) {
    const Blob blob = together(blobs_, group);
    ClassifiedGlyph& first = wholes_[group.front()];
    const double nothing = cost_of_nothing(first);
    const bool several =
        know_several_ ? blob.box.width >= kNarrowestPair * blob.box.height : may_be_several(first);
    Part part{.rows = {}, .box = place_in_text(paper_, blob.box)};
    if (group.size() > 1) {
      part.rows = rows_of({.glyph = cut_out(paper_, components_, blob)});
    } else if (several && blob.box.height > kLowestRow * paper_.ink.stroke_width) {
      part.rows = rows_of(std::move(first));
    } else {
      const double cost = cost_of(first.prediction, first.glyph.box);
      part.rows = {{{std::move(first)}, cost}};
    }
    if (options_.pattern) part.rows.push_back({{}, nothing});
    return part;
  }

  std::vector<DigitRow> rows_of(ClassifiedGlyph whole) const {
    return cheapest_readings(std::move(whole), blobs_.size() == 1, components_.digit_height,
                             paper_.ink.stroke_width, lean_, classify_);
  }

  FoundDigits best_reading(std::vector<Part> parts) {
    bool as_expected = false;
    const std::vector<std::size_t> chosen = choose_rows(parts, options_.pattern, as_expected);
    std::vector<ClassifiedGlyph> digits;
    for (std::size_t i = 0; i < parts.size(); ++i)
      for (ClassifiedGlyph& digit : parts[i].rows[chosen[i]].digits)
        digits.push_back(std::move(digit));
    return found(std::move(digits), as_expected);
  }

  FoundDigits found(std::vector<ClassifiedGlyph> digits, bool as_expected = false) {
    FoundDigits result{.digits = {}, .left_out = std::move(left_out_), .lean = lean_};
    for (ClassifiedGlyph& digit : digits)
      result.digits.push_back({digit.glyph.box, digit.image, std::move(digit.prediction)});
    result.as_expected = as_expected;
    return result;
  }

  const Paper& paper_;
  const PieceClassifiers& classify_;
  const FindOptions& options_;
  const Components components_;
  std::vector<Foreign> left_out_;
  const std::vector<Blob> blobs_;
  const bool know_several_;  // The pattern has several digits.
  double lean_ = 0;
  std::vector<ClassifiedGlyph> wholes_;  // One per blob; so is the next.
  std::vector<bool> doubtful_;           // It may be several digits, or part of one.
};

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
  return DigitFinder(paper, classify, options).find();
}

}  // namespace digitry
