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
#include "digitry/vision/foreign.h"
#include "digitry/vision/paper.h"

namespace digitry {
namespace {

constexpr double kNarrowPaperWindow = 3;  // stroke widths
constexpr double kCrowdedWindow = 2;      // times the wide window, where ink may cover much
constexpr double kWindowOfWidest = 2;     // widest strokes, for the least
constexpr double kLeastSkew = 1;          // degrees; less is not worth a resampling
constexpr std::size_t kMaxSkewBoxes = 300;

// Lean of MNIST's digits to the right, as a tangent: the mean, and the largest usual distance from
// it of the median of several digits, and of one or two.
constexpr double kUsualLean = 0.15;
constexpr double kLeanOfMany = 0.45;
constexpr double kLeanOfFew = 0.8;
constexpr std::size_t kManyLeans = 3;

constexpr double kDoubtfulCost = 0.5;       // above it a glyph may be several digits
constexpr double kNarrowestPair = 0.75;     // width by height
constexpr double kNarrowestLonePair = 1.2;  // the same, if nothing else is on the paper
constexpr double kWidestDigit = 1.1;        // width by height
constexpr double kWidestLoneDigit = 1.45;   // the same, of a digit in several parts
constexpr double kWidthCost = 5;            // per unit of width by height above that
constexpr double kWidestSegment = 1.35;     // of a digit's height
constexpr double kCutSlack = 0.3;           // of a digit's height: how far cuts may lean
constexpr double kLowestSegment = 0.35;     // of a digit's height
constexpr double kSureScore = 0.982;        // costs nothing
constexpr double kLeastDoubt = 0.002;
constexpr double kLowestRow = 2.5;    // stroke widths: anything lower is a single stroke
constexpr double kLeastAlike = 0.55;  // of the digits' height
constexpr double kMostAlike = 1.8;
constexpr double kRejectedCost = 0.5;       // against the score of an accepted digit
constexpr double kPatchFill = 0.75;         // of its box
constexpr double kPolarityPrior = 0.25;     // in the same unit, for the likelier polarity
constexpr std::size_t kMaxSegments = 2000;  // per glyph

void silence_opencv() {
  static std::once_flag once;
  std::call_once(once,
                 [] { cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT); });
}

void show(const ReadOptions& options, std::string_view stage, const auto& what) {
  if (options.on_stage) options.on_stage(stage, to_picture(what));
}

struct CleanPaper {
  Paper paper;
  int num_rules = 0;
  std::vector<cv::Rect> frames;
};

CleanPaper level_and_remove_rules(const Ink& ink, double skew, bool remove) {
  CleanPaper level{.paper = level_paper(ink, skew), .num_rules = 0, .frames = {}};
  if (remove) level.num_rules = remove_rules(level.paper);
  return level;
}

double skew_of_writing(const Paper& paper) {
  const Components components = find_components(paper);
  std::vector<cv::Rect> boxes;
  for (const Blob& blob : join_broken(components)) boxes.push_back(blob.box);
  if (boxes.size() > kMaxSkewBoxes) boxes.resize(kMaxSkewBoxes);
  const double skew = find_box_skew(boxes, components.digit_height);
  return std::fabs(skew) < kLeastSkew ? 0 : skew;
}

// Light, rules and skew depend on one another. A first pass with a wide window finds the rules and
// the stroke width; the second pass, with a window of that width, gives the result.
CleanPaper clean_paper(const cv::Mat& grey, const Polarity& polarity, const ReadOptions& options) {
  const bool light = polarity.light;
  const double wide = (polarity.crowded ? kCrowdedWindow : 1) * wide_paper_window(grey);
  Ink ink = find_ink(grey, light, wide, polarity.crowded);
  double skew = options.find_skew && options.remove_rules ? find_ruling_skew(ink) : 0;
  CleanPaper first = level_and_remove_rules(ink, skew, options.remove_rules);
  const bool ruled = first.num_rules > 0;
  if (!ruled && skew != 0) {
    skew = 0;
    first = level_and_remove_rules(ink, 0, false);
  }
  const auto [stroke_width, widest] = find_stroke_widths(first.paper.ink);
  const double window = std::max(kNarrowPaperWindow * stroke_width, kWindowOfWidest * widest);
  if (window > 0 && window < wide) ink = find_ink(grey, light, window, true);
  ink.stroke_width = stroke_width;
  show(options, "2-ink", ink);
  CleanPaper level = level_and_remove_rules(ink, skew, ruled);
  const auto without_frames = [&] {
    if (options.remove_rules && ink.stroke_width > 0) level.frames = remove_frames(level.paper);
  };
  without_frames();
  if (!ruled && options.find_skew && ink.stroke_width > 0) {
    skew = skew_of_writing(level.paper);
    if (skew != 0) {
      level = level_and_remove_rules(ink, skew, false);
      without_frames();
    }
  }
  show(options, "3-level", level.paper.ink);
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

std::vector<DigitPrediction> classify_images(const DigitClassifier& classify,
                                             const std::vector<MnistImage>& images) {
  if (images.empty()) return {};
  Tensor tensor({std::ssize(images), 1, kMnistSide, kMnistSide}, DType::kU8);
  auto to = tensor.as<std::uint8_t>().begin();
  for (const MnistImage& image : images) to = std::ranges::copy(image, to).out;
  std::vector<DigitPrediction> predictions = classify(tensor);
  if (predictions.size() != images.size())
    throw Error(ErrorCode::kInvalidArgument,
                "read_digits: expected {} predictions from the classifier, got {}", images.size(),
                predictions.size());
  return predictions;
}

// Doubt that the glyph is one digit; 0 for none.
double cost_of(const DigitPrediction& prediction, const cv::Rect& box,
               double widest = kWidestDigit) {
  const double doubt = std::log(std::max(1 - prediction.score, kLeastDoubt) / (1 - kSureScore));
  const double width = static_cast<double>(box.width) / box.height - widest;
  return std::max(0.0, doubt) + kWidthCost * std::max(0.0, width);
}

struct ClassifiedGlyph {
  Glyph glyph;
  MnistImage image{};
  DigitPrediction prediction{};
};

std::vector<ClassifiedGlyph> classify_glyphs(std::vector<Glyph> glyphs, double lean,
                                             const DigitClassifier& classify) {
  std::vector<MnistImage> images;
  for (const Glyph& glyph : glyphs) images.push_back(image_of(glyph, lean));
  std::vector<DigitPrediction> predictions = classify_images(classify, images);
  std::vector<ClassifiedGlyph> classified;
  for (std::size_t i = 0; i < glyphs.size(); ++i)
    classified.push_back({std::move(glyphs[i]), images[i], std::move(predictions[i])});
  return classified;
}

// The glyph itself and its parts between any two cuts.
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

// The cheapest row of digits: the glyph itself, or parts of it.
std::vector<ClassifiedGlyph> split(ClassifiedGlyph whole, double digit_height, double stroke_width,
                                   double lean, const DigitClassifier& classify) {
  const std::vector<Cut> cuts = find_cuts(whole.glyph, digit_height, stroke_width);
  Pieces pieces = pieces_of(whole.glyph, cuts, digit_height);
  std::vector<ClassifiedGlyph> classified =
      classify_glyphs(std::move(pieces.glyphs), lean, classify);
  for (std::size_t i = 0; i < classified.size(); ++i)
    pieces.segments[i].cost = cost_of(classified[i].prediction, classified[i].glyph.box);
  std::vector<ClassifiedGlyph> best;
  for (const std::size_t i : cheapest_row(pieces.segments, cuts))
    best.push_back(std::move(classified[i]));
  if (best.empty()) best.push_back(std::move(whole));
  return best;
}

// The smallest box in the picture around the corners of a box on the paper.
PixelBox to_pixel_box(const cv::Rect& box, const Paper& paper, double scale, const Image& picture) {
  double left = static_cast<double>(picture.width);
  double top = static_cast<double>(picture.height);
  double right = 0;
  double bottom = 0;
  for (const cv::Point& corner : {box.tl(), box.br(), cv::Point(box.x + box.width, box.y),
                                  cv::Point(box.x, box.y + box.height)}) {
    const cv::Vec2d at = paper.to_working * cv::Vec3d(corner.x, corner.y, 1) / scale;
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

// A certain digit is never cut, and neither is a glyph too narrow for two.
bool may_be_several(const ClassifiedGlyph& classified, bool alone) {
  const cv::Rect& box = classified.glyph.box;
  const double narrowest = alone ? kNarrowestLonePair : kNarrowestPair;
  return box.width >= narrowest * box.height && cost_of(classified.prediction, box) > kDoubtfulCost;
}

// All ink of the picture as one digit, if that is certain.
std::optional<ClassifiedGlyph> only_digit(const Paper& paper, const Components& components,
                                          const std::vector<Blob>& blobs, bool any_doubt,
                                          double lean, const DigitClassifier& classify) {
  if (!may_be_only_digit(blobs, any_doubt)) return std::nullopt;
  std::vector<std::size_t> all(blobs.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  Glyph whole = cut_out(paper, components, together(blobs, all));
  ClassifiedGlyph classified =
      std::move(classify_glyphs({std::move(whole)}, lean, classify).front());
  const double cost = cost_of(classified.prediction, classified.glyph.box, kWidestLoneDigit);
  return cost > kDoubtfulCost ? std::nullopt : std::optional(std::move(classified));
}

std::vector<ClassifiedGlyph> find_digits(const Paper& paper, const DigitClassifier& classify,
                                         const ReadOptions& options, double& lean,
                                         std::vector<Foreign>& left_out) {
  const Components components = find_components(paper);
  left_out = components.left_out;
  const std::vector<Blob> blobs = join_broken(components, &left_out);
  std::vector<Glyph> glyphs;
  if (options.layout == Layout::kSingle && !blobs.empty()) {
    std::vector<std::size_t> all(blobs.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    glyphs.push_back(cut_out(paper, components, together(blobs, all)));
    lean = typical_lean(glyphs);
    return classify_glyphs(std::move(glyphs), lean, classify);
  }
  for (const Blob& blob : blobs) glyphs.push_back(cut_out(paper, components, blob));
  lean = typical_lean(glyphs);
  std::vector<ClassifiedGlyph> wholes = classify_glyphs(std::move(glyphs), lean, classify);
  if (!options.split_touching || options.layout == Layout::kBoxes) return wholes;
  const double height = components.digit_height;
  const double stroke_width = paper.ink.stroke_width;
  std::vector<bool> doubtful;
  for (const ClassifiedGlyph& whole : wholes)
    doubtful.push_back(cost_of(whole.prediction, whole.glyph.box) > kDoubtfulCost);
  const bool any_doubt = std::ranges::find(doubtful, true) != doubtful.end();
  std::vector<ClassifiedGlyph> digits;
  if (auto only = only_digit(paper, components, blobs, any_doubt, lean, classify)) {
    digits.push_back(std::move(*only));
    return digits;
  }
  const auto add_split = [&](ClassifiedGlyph&& whole) {
    for (ClassifiedGlyph& part : split(std::move(whole), height, stroke_width, lean, classify))
      digits.push_back(std::move(part));
  };
  for (const auto& group : group_neighbours(blobs, doubtful, height)) {
    ClassifiedGlyph& first = wholes[group.front()];
    if (group.size() > 1)
      add_split({.glyph = cut_out(paper, components, together(blobs, group))});
    else if (may_be_several(first, blobs.size() == 1) &&
             first.glyph.box.height > kLowestRow * stroke_width)
      add_split(std::move(first));
    else
      digits.push_back(std::move(first));
  }
  return digits;
}

// Removes what was rejected and is unlike the digits, or at the border and of another height.
void leave_out_unlike(const Paper& paper, std::vector<ClassifiedGlyph>& digits,
                      std::vector<Foreign>& left_out) {
  std::vector<int> heights;
  for (const ClassifiedGlyph& digit : digits)
    if (!digit.prediction.rejected) heights.push_back(digit.glyph.box.height);
  if (heights.empty()) return;
  const auto middle = heights.begin() + std::ssize(heights) / 2;
  std::nth_element(heights.begin(), middle, heights.end());
  const double usual = *middle;
  std::erase_if(digits, [&](const ClassifiedGlyph& digit) {
    const cv::Rect& box = digit.glyph.box;
    const bool at_border = box.x <= 1 || box.y <= 1 || box.x + box.width >= paper.inside.cols - 1 ||
                           box.y + box.height >= paper.inside.rows - 1;
    const bool alike = box.height >= kLeastAlike * usual && box.height <= kMostAlike * usual;
    const bool wide = box.width > kMostAlike * usual;
    const bool unlike = digit.prediction.rejected ? !alike || wide || at_border
                                                  : at_border && !alike && heights.size() >= 3;
    if (unlike) left_out.push_back({box, LeftOutReason::kUnlike});
    return unlike;
  });
}

// The classified images side by side.
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

// `boxes` are those of the digits on the level paper.
void place_digits(std::vector<ReadDigit> digits, const std::vector<PixelBox>& boxes,
                  Reading& reading) {
  for (const PlacedBox& placed : reading_order(boxes)) {
    ReadDigit& digit = digits[placed.index];
    digit.line = placed.line;
    digit.space_before = placed.space_before;
    reading.num_lines = placed.line + 1;
    reading.digits.push_back(std::move(digit));
  }
}

// Whether the ink fills its box, as a sheet of paper does and no digit but a 1.
bool is_patch(const ReadDigit& digit) {
  const cv::Mat image(static_cast<int>(kMnistSide), static_cast<int>(kMnistSide), CV_8U,
                      const_cast<std::uint8_t*>(digit.image.data()));
  const cv::Mat ink = image > 127;
  const cv::Rect box = cv::boundingRect(ink);
  return cv::countNonZero(ink) > kPatchFill * box.area() && 2 * box.width > box.height;
}

// How sure the digits are, less what is no digit.
double certainty_of(const Reading& reading) {
  double sum = 0;
  for (const ReadDigit& digit : reading.digits)
    sum += digit.prediction.rejected || is_patch(digit) ? -kRejectedCost : digit.prediction.score;
  return sum;
}

Reading read_ink(const Image& picture, const WorkingGrey& working, const Polarity& polarity,
                 const DigitClassifier& classify, const ReadOptions& options) {
  show(options, "1-grey", working.grey);
  const CleanPaper level = clean_paper(working.grey, polarity, options);
  Reading reading;
  reading.light_ink = level.paper.ink.light;
  reading.skew_degrees = level.paper.skew_degrees;
  reading.num_rules = level.num_rules;
  if (level.paper.ink.stroke_width <= 0) return reading;
  show(options, "4-strokes", strong_mask(level.paper.ink));
  double lean = 0;
  std::vector<ReadDigit> digits;
  std::vector<PixelBox> boxes;
  std::vector<Foreign> left_out;
  std::vector<ClassifiedGlyph> found = find_digits(level.paper, classify, options, lean, left_out);
  leave_out_unlike(level.paper, found, left_out);
  for (ClassifiedGlyph& classified : found) {
    const cv::Rect& box = classified.glyph.box;
    boxes.push_back({box.x, box.y, box.width, box.height});
    digits.push_back({.box = to_pixel_box(box, level.paper, working.scale, picture),
                      .image = classified.image,
                      .prediction = std::move(classified.prediction)});
  }
  for (const cv::Rect& frame : level.frames) left_out.push_back({frame, LeftOutReason::kFrame});
  for (const Foreign& foreign : left_out)
    reading.left_out.push_back(
        {to_pixel_box(foreign.box, level.paper, working.scale, picture), foreign.reason});
  constexpr double kDegrees = 57.29577951308232;
  reading.slant_degrees = std::atan(lean) * kDegrees;
  place_digits(std::move(digits), boxes, reading);
  if (options.on_stage) options.on_stage("5-digits", contact_sheet(reading.digits));
  return reading;
}

Reading read_whole(const Image& picture, const DigitClassifier& classify,
                   const ReadOptions& options) {
  silence_opencv();
  const WorkingGrey working = make_working_grey(picture);
  const Polarity polarity = find_polarity(working.grey);
  if (polarity.sure) return read_ink(picture, working, polarity, classify, options);
  Polarity inverse = polarity;
  inverse.light = !polarity.light;
  ReadOptions quiet = options;
  quiet.on_stage = {};
  Reading likely = read_ink(picture, working, polarity, classify, quiet);
  const double certainty = certainty_of(likely);
  bool swap = false;
  Reading other;
  if (!polarity.likely || certainty <= 0) {
    other = read_ink(picture, working, inverse, classify, quiet);
    swap = certainty_of(other) > certainty + kPolarityPrior;
  }
  if (options.on_stage)
    return read_ink(picture, working, swap ? inverse : polarity, classify, options);
  return swap ? other : likely;
}

// The pixels of the region.
Image part_of(const Image& picture, const PixelBox& region) {
  const bool inside = region.left >= 0 && region.top >= 0 && region.width >= 1 &&
                      region.height >= 1 && region.left < picture.width &&
                      region.top < picture.height && region.width <= picture.width - region.left &&
                      region.height <= picture.height - region.top;
  if (!inside)
    throw Error(ErrorCode::kInvalidArgument,
                "read_digits: expected a region inside the picture of {}x{}, got {},{},{},{}",
                picture.width, picture.height, region.left, region.top, region.width,
                region.height);
  Image part{region.height, region.width, picture.channels, {}};
  part.pixels.reserve(static_cast<std::size_t>(region.height * region.width * picture.channels));
  for (std::int64_t y = region.top; y < region.top + region.height; ++y) {
    const auto row = picture.pixels.begin() + (y * picture.width + region.left) * picture.channels;
    part.pixels.insert(part.pixels.end(), row, row + region.width * picture.channels);
  }
  return part;
}

}  // namespace

Reading read_digits(const Image& picture, const Classifier& classifier,
                    const ReadOptions& options) {
  const Shape expected{1, kMnistSide, kMnistSide};
  if (classifier.model().input_shape() != expected)
    throw Error(ErrorCode::kBadData,
                "read_digits: expected a model of images {} ([channels, height, width]), got one "
                "of {}",
                expected.to_string(), classifier.model().input_shape().to_string());
  return read_digits(
      picture, [&](const Tensor& images) { return predict_digits(classifier, images); }, options);
}

Reading read_digits(const Image& picture, const DigitClassifier& classify,
                    const ReadOptions& options) {
  check_image(picture);
  if (!options.region) return read_whole(picture, classify, options);
  const PixelBox& region = *options.region;
  Reading reading = read_whole(part_of(picture, region), classify, options);
  const auto move = [&](PixelBox& box) {
    box.left += region.left;
    box.top += region.top;
  };
  for (ReadDigit& digit : reading.digits) move(digit.box);
  for (LeftOut& left_out : reading.left_out) move(left_out.box);
  return reading;
}

}  // namespace digitry
