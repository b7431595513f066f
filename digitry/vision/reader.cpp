#include "digitry/vision/reader.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <span>

#include "digitry/base/error.h"
#include "digitry/vision/components.h"
#include "digitry/vision/cuts.h"
#include "digitry/vision/layout.h"
#include "digitry/vision/page.h"

namespace digitry {
namespace {

constexpr double kNarrowPaperWindow = 3;  // stroke widths
constexpr double kLeastSkew = 1;          // degrees; less is not worth a resampling
constexpr std::size_t kMaxSkewBoxes = 300;

// MNIST's digits lean to the right by this much on average, and mostly by no more than this from
// there.
constexpr double kUsualLean = 0.15;
constexpr double kLeanOfMany = 0.45;  // from three digits on
constexpr double kLeanOfFew = 0.8;
constexpr std::size_t kManyLeans = 3;

constexpr double kDoubtfulCost = 0.5;       // above which a glyph may be several
constexpr double kNarrowestPair = 0.75;     // width by height
constexpr double kNarrowestLonePair = 1.2;  // where nothing else is on the page
constexpr double kWidestDigit = 1.1;        // width by height
constexpr double kWidestLoneDigit = 1.45;   // of several parts
constexpr double kWidthCost = 5;            // for each height that a glyph is wider than that
constexpr double kWidestSegment = 1.35;     // of a digit's height
constexpr double kCutSlack = 0.3;           // of a digit's height: by which cuts may lean
constexpr double kLowestSegment = 0.35;     // of a digit's height
constexpr double kSureScore = 0.982;        // costs nothing
constexpr double kLeastDoubt = 0.002;
constexpr double kLowestRow = 2.5;          // strokes: what is no higher is one stroke, no digits
constexpr std::size_t kMaxSegments = 2000;  // of one glyph

void silence_opencv() {
  static std::once_flag once;
  std::call_once(once,
                 [] { cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT); });
}

void show(const ReadOptions& options, std::string_view stage, const auto& what) {
  if (options.on_stage) options.on_stage(stage, to_picture(what));
}

struct LevelPage {
  Page page;
  int num_rules = 0;
};

LevelPage level_page(const Ink& ink, double skew, bool remove) {
  LevelPage level{make_page(ink, skew)};
  if (remove) level.num_rules = remove_rules(level.page);
  return level;
}

double skew_of_writing(const Page& page) {
  const Components components = find_components(page);
  std::vector<cv::Rect> boxes;
  for (const Blob& blob : join_broken(components)) boxes.push_back(blob.box);
  if (boxes.size() > kMaxSkewBoxes) boxes.resize(kMaxSkewBoxes);
  const double skew = find_box_skew(boxes, components.digit_height);
  return std::fabs(skew) < kLeastSkew ? 0 : skew;
}

// Light, lines and skew depend on one another: a first look by a wide window finds lines and the
// width of strokes, the second one by a window of that width is kept.
LevelPage clean_page(const cv::Mat& grey, const ReadOptions& options) {
  const bool light = ink_is_light(grey);
  Ink ink = find_ink(grey, light, wide_paper_window(grey));
  double skew = options.find_skew && options.remove_rules ? find_ruling_skew(ink) : 0;
  LevelPage first = level_page(ink, skew, options.remove_rules);
  const bool ruled = first.num_rules > 0;
  if (!ruled && skew != 0) {
    skew = 0;
    first = level_page(ink, 0, false);
  }
  const double stroke_width = find_stroke_width(first.page.ink);
  const double window = kNarrowPaperWindow * stroke_width;
  if (window > 0 && window < wide_paper_window(grey)) ink = find_ink(grey, light, window);
  ink.stroke_width = stroke_width;
  show(options, "2-ink", ink);
  LevelPage level = level_page(ink, skew, ruled);
  if (!ruled && options.find_skew && stroke_width > 0) {
    skew = skew_of_writing(level.page);
    if (skew != 0) level = level_page(ink, skew, false);
  }
  show(options, "3-level", level.page.ink);
  return level;
}

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

MnistImage image_of(const Glyph& glyph, double lean) {
  const Glyph upright = lean == 0 ? glyph : sheared(glyph, lean);
  return to_mnist_form({upright.ink.ptr<float>(), upright.ink.total()}, upright.ink.rows,
                       upright.ink.cols);
}

std::vector<DigitPrediction> judge_images(const DigitClassifier& classify,
                                          const std::vector<MnistImage>& images) {
  if (images.empty()) return {};
  Tensor tensor({std::ssize(images), 1, kMnistSide, kMnistSide}, DType::kU8);
  auto to = tensor.as<std::uint8_t>().begin();
  for (const MnistImage& image : images) to = std::ranges::copy(image, to).out;
  std::vector<DigitPrediction> verdicts = classify(tensor);
  if (verdicts.size() != images.size())
    throw Error(ErrorCode::kInvalidArgument,
                "read_digits: expected {} verdicts of the classifier, got {}", images.size(),
                verdicts.size());
  return verdicts;
}

// What speaks against the glyph being one digit; 0 for nothing.
double cost_of(const DigitPrediction& verdict, const cv::Rect& box, double widest = kWidestDigit) {
  const double doubt = std::log(std::max(1 - verdict.score, kLeastDoubt) / (1 - kSureScore));
  const double width = static_cast<double>(box.width) / box.height - widest;
  return std::max(0.0, doubt) + kWidthCost * std::max(0.0, width);
}

struct Judged {
  Glyph glyph;
  MnistImage image{};
  DigitPrediction verdict{};
};

std::vector<Judged> judge_glyphs(std::vector<Glyph> glyphs, double lean,
                                 const DigitClassifier& classify) {
  std::vector<MnistImage> images;
  for (const Glyph& glyph : glyphs) images.push_back(image_of(glyph, lean));
  std::vector<DigitPrediction> verdicts = judge_images(classify, images);
  std::vector<Judged> judged;
  for (std::size_t i = 0; i < glyphs.size(); ++i)
    judged.push_back({std::move(glyphs[i]), images[i], std::move(verdicts[i])});
  return judged;
}

// The pieces that a glyph may be cut into, each between two of the cuts.
struct Pieces {
  std::vector<Segment> segments;
  std::vector<Glyph> glyphs;
};

Pieces pieces_of(const Glyph& glyph, const std::vector<Cut>& cuts, double digit_height) {
  Pieces pieces;
  const auto cut_at = [&](std::size_t boundary) {
    return boundary == 0 || boundary > cuts.size() ? nullptr : &cuts[boundary - 1];
  };
  const std::size_t end = cuts.size() + 1;
  const auto add = [&](std::size_t first, std::size_t last, Glyph piece) {
    pieces.segments.push_back({first, last});
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

// The digits that the glyph is most likely made of: itself, or what cuts make of it.
std::vector<Judged> split(Judged whole, double digit_height, double stroke_width, double lean,
                          const DigitClassifier& classify) {
  const std::vector<Cut> cuts = find_cuts(whole.glyph, digit_height, stroke_width);
  Pieces pieces = pieces_of(whole.glyph, cuts, digit_height);
  std::vector<Judged> judged = judge_glyphs(std::move(pieces.glyphs), lean, classify);
  for (std::size_t i = 0; i < judged.size(); ++i)
    pieces.segments[i].cost = cost_of(judged[i].verdict, judged[i].glyph.box);
  std::vector<Judged> best;
  for (const std::size_t i : cheapest_row(pieces.segments, cuts))
    best.push_back(std::move(judged[i]));
  if (best.empty()) best.push_back(std::move(whole));
  return best;
}

// In pixels of the picture: around the corners of a box of the page.
PixelBox to_pixel_box(const cv::Rect& box, const Page& page, double scale, const Image& picture) {
  double left = static_cast<double>(picture.width);
  double top = static_cast<double>(picture.height);
  double right = 0;
  double bottom = 0;
  for (const cv::Point& corner : {box.tl(), box.br(), cv::Point(box.x + box.width, box.y),
                                  cv::Point(box.x, box.y + box.height)}) {
    const cv::Vec2d at = page.to_working * cv::Vec3d(corner.x, corner.y, 1) / scale;
    left = std::min(left, at[0]);
    right = std::max(right, at[0]);
    top = std::min(top, at[1]);
    bottom = std::max(bottom, at[1]);
  }
  const auto within = [](double value, std::int64_t side) {
    return std::clamp(static_cast<std::int64_t>(std::lround(value)), std::int64_t{0}, side);
  };
  const std::int64_t x = std::min(within(left, picture.width), picture.width - 1);
  const std::int64_t y = std::min(within(top, picture.height), picture.height - 1);
  return {x, y, std::max<std::int64_t>(1, within(right, picture.width) - x),
          std::max<std::int64_t>(1, within(bottom, picture.height) - y)};
}

// What is sure to be one digit is never cut; nor is what is too narrow for two.
bool may_be_several(const Judged& judged, bool alone) {
  const cv::Rect& box = judged.glyph.box;
  const double narrowest = alone ? kNarrowestLonePair : kNarrowestPair;
  return box.width >= narrowest * box.height && cost_of(judged.verdict, box) > kDoubtfulCost;
}

// The one digit beyond doubt that all ink of the picture is together, if it is.
std::optional<Judged> only_digit(const Page& page, const Components& components,
                                 const std::vector<Blob>& blobs, bool any_doubt, double lean,
                                 const DigitClassifier& classify) {
  if (!may_be_only_digit(blobs, any_doubt)) return std::nullopt;
  std::vector<std::size_t> all(blobs.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  Glyph whole = cut_out(page, components, together(blobs, all));
  Judged judged = std::move(judge_glyphs({std::move(whole)}, lean, classify).front());
  const double cost = cost_of(judged.verdict, judged.glyph.box, kWidestLoneDigit);
  return cost > kDoubtfulCost ? std::nullopt : std::optional(std::move(judged));
}

std::vector<Judged> find_digits(const Page& page, const DigitClassifier& classify,
                                const ReadOptions& options, double& lean) {
  const Components components = find_components(page);
  const std::vector<Blob> blobs = join_broken(components);
  std::vector<Glyph> glyphs;
  for (const Blob& blob : blobs) glyphs.push_back(cut_out(page, components, blob));
  lean = typical_lean(glyphs);
  std::vector<Judged> wholes = judge_glyphs(std::move(glyphs), lean, classify);
  if (!options.split_touching) return wholes;
  const double height = components.digit_height;
  const double stroke_width = page.ink.stroke_width;
  std::vector<bool> doubtful;
  for (const Judged& whole : wholes)
    doubtful.push_back(cost_of(whole.verdict, whole.glyph.box) > kDoubtfulCost);
  const bool any_doubt = std::ranges::find(doubtful, true) != doubtful.end();
  std::vector<Judged> digits;
  if (auto only = only_digit(page, components, blobs, any_doubt, lean, classify)) {
    digits.push_back(std::move(*only));
    return digits;
  }
  const auto add_split = [&](Judged&& whole) {
    for (Judged& part : split(std::move(whole), height, stroke_width, lean, classify))
      digits.push_back(std::move(part));
  };
  for (const auto& group : group_neighbours(blobs, doubtful, height)) {
    Judged& first = wholes[group.front()];
    if (group.size() > 1)
      add_split({.glyph = cut_out(page, components, together(blobs, group))});
    else if (may_be_several(first, blobs.size() == 1) &&
             first.glyph.box.height > kLowestRow * stroke_width)
      add_split(std::move(first));
    else
      digits.push_back(std::move(first));
  }
  return digits;
}

// The ink of every digit as it was judged, side by side.
Image contact_sheet(const std::vector<ReadDigit>& digits) {
  const auto count = std::max<std::int64_t>(1, std::ssize(digits));
  Image sheet{kMnistSide, count * kMnistSide, 1, {}};
  sheet.pixels.resize(static_cast<std::size_t>(sheet.height * sheet.width));
  for (std::size_t i = 0; i < digits.size(); ++i)
    for (std::int64_t y = 0; y < kMnistSide; ++y)
      std::copy_n(
          digits[i].image.begin() + y * kMnistSide, kMnistSide,
          sheet.pixels.begin() + y * sheet.width + static_cast<std::int64_t>(i) * kMnistSide);
  return sheet;
}

// Puts the digits in order; `boxes` are theirs on the level page.
void place_digits(std::vector<ReadDigit> digits, const std::vector<PixelBox>& boxes,
                  Reading& reading) {
  for (const Placed& placed : reading_order(boxes)) {
    ReadDigit& digit = digits[placed.box];
    digit.line = placed.line;
    digit.space_before = placed.space_before;
    reading.num_lines = placed.line + 1;
    reading.digits.push_back(std::move(digit));
  }
}

}  // namespace

std::size_t ReadDigit::label() const {
  const auto& probabilities = verdict.probabilities;
  return static_cast<std::size_t>(std::ranges::max_element(probabilities) - probabilities.begin());
}

Reading read_digits(const Image& picture, const DigitClassifier& classify,
                    const ReadOptions& options) {
  silence_opencv();
  const WorkingGrey working = make_working_grey(picture);
  show(options, "1-grey", working.grey);
  const LevelPage level = clean_page(working.grey, options);
  Reading reading;
  reading.light_ink = level.page.ink.light;
  reading.skew_degrees = level.page.skew_degrees;
  reading.num_rules = level.num_rules;
  if (level.page.ink.stroke_width <= 0) return reading;
  show(options, "4-strokes", strong_mask(level.page.ink));
  double lean = 0;
  std::vector<ReadDigit> digits;
  std::vector<PixelBox> boxes;
  for (Judged& judged : find_digits(level.page, classify, options, lean)) {
    const cv::Rect& box = judged.glyph.box;
    boxes.push_back({box.x, box.y, box.width, box.height});
    digits.push_back({.box = to_pixel_box(box, level.page, working.scale, picture),
                      .image = judged.image,
                      .verdict = std::move(judged.verdict)});
  }
  constexpr double kDegrees = 57.29577951308232;
  reading.slant_degrees = std::atan(lean) * kDegrees;
  place_digits(std::move(digits), boxes, reading);
  if (options.on_stage) options.on_stage("5-digits", contact_sheet(reading.digits));
  return reading;
}

std::string to_text(const Reading& reading, const std::vector<std::string>& class_names) {
  std::string text;
  std::int64_t line = 0;
  for (const ReadDigit& digit : reading.digits) {
    for (; line < digit.line; ++line) text += '\n';
    if (digit.space_before) text += ' ';
    text += digit.verdict.known ? class_names[digit.label()] : "?";
  }
  return text;
}

}  // namespace digitry
