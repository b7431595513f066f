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
#include "digitry/base/quantile.h"
#include "digitry/vision/cells.h"
#include "digitry/vision/components.h"
#include "digitry/vision/find_digits.h"
#include "digitry/vision/foreign.h"
#include "digitry/vision/large_pixels.h"
#include "digitry/vision/paper.h"
#include "digitry/vision/whole_picture.h"

namespace digitry {
namespace {

constexpr double kNarrowPaperWindow = 3;  // stroke widths
constexpr double kCrowdedWindow = 2;      // times the wide window, where ink may cover much
constexpr double kWindowOfWidest = 2;     // widest strokes, for the least
constexpr double kLeastSkew = 1;          // degrees; less is not worth a resampling
constexpr std::size_t kMaxSkewBoxes = 300;

constexpr double kLeastAlike = 0.55;  // of the digits' height
constexpr double kMostAlike = 1.8;
constexpr double kRejectedCost = 0.5;    // against the score of an accepted digit
constexpr double kPatchFill = 0.75;      // of its box
constexpr double kPolarityPrior = 0.25;  // in the same unit, for the likelier polarity

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
  std::vector<cv::Rect> outside;  // What is written beside a lattice whose cells are read.
};

CleanPaper level_and_remove_rules(const Ink& ink, double skew, bool remove) {
  CleanPaper level{.paper = level_paper(ink, skew), .num_rules = 0, .frames = {}, .outside = {}};
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

// The cells of a lattice, if the picture has one and the writing is in its cells.
std::optional<CleanPaper> paper_of_cells(const cv::Mat& grey, const Ink& ink, double skew) {
  const std::optional<Lattice> lattice = find_lattice(grey, ink.light, skew);
  if (!lattice) return std::nullopt;
  std::optional<CellPaper> cells = read_cells(grey, ink, *lattice);
  if (!cells) return std::nullopt;
  return CleanPaper{.paper = std::move(cells->paper),
                    .num_rules = static_cast<int>(lattice->rows.size() + lattice->columns.size()),
                    .frames = {cells->frame},
                    .outside = std::move(cells->outside)};
}

// Light, rules and skew depend on one another. A first pass with a wide window finds the rules and
// the stroke width; the second pass, with a window of that width, gives the result.
CleanPaper clean_paper(const cv::Mat& grey, const Polarity& polarity, const ReadOptions& options) {
  const bool light = polarity.light;
  const double wide = (polarity.crowded ? kCrowdedWindow : 1) * wide_paper_window(grey);
  Ink ink = find_ink(grey, light, wide, polarity.crowded);
  double skew = options.find_skew && options.remove_rules ? find_ruling_skew(ink) : 0;
  if (options.remove_rules) {
    if (std::optional<CleanPaper> cells = paper_of_cells(grey, ink, skew)) {
      show(options, "2-ink", ink);
      show(options, "3-level", cells->paper.ink);
      return std::move(*cells);
    }
  }
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

// The smallest box in the picture around the corners of a box on the paper.
PixelBox to_pixel_box(const cv::Rect& box, const Paper& paper, double scale, const Image& picture) {
  double left = static_cast<double>(picture.width);
  double top = static_cast<double>(picture.height);
  double right = 0;
  double bottom = 0;
  for (const cv::Point& corner : {box.tl(), box.br(), cv::Point(box.x + box.width, box.y),
                                  cv::Point(box.x, box.y + box.height)}) {
    cv::Vec3d at = paper.to_working * cv::Vec3d(corner.x, corner.y, 1);
    at /= at[2] * scale;
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

// Removes digits that are rejected and of another size or at the border, and those at the border
// that are of another height.
void leave_out_outliers(const Paper& paper, FoundDigits& found) {
  std::vector<int> heights;
  for (const FoundDigit& digit : found.digits)
    if (!digit.prediction.rejected) heights.push_back(digit.box.height);
  if (heights.empty()) return;
  const double usual = median(heights);
  std::erase_if(found.digits, [&](const FoundDigit& digit) {
    const cv::Rect& box = digit.box;
    const bool at_border = box.x <= 1 || box.y <= 1 || box.x + box.width >= paper.inside.cols - 1 ||
                           box.y + box.height >= paper.inside.rows - 1;
    const bool alike = box.height >= kLeastAlike * usual && box.height <= kMostAlike * usual;
    const bool wide = box.width > kMostAlike * usual;
    const bool outlier = digit.prediction.rejected ? !alike || wide || at_border
                                                   : at_border && !alike && heights.size() >= 3;
    if (outlier) found.left_out.push_back({box, LeftOutReason::kOutlier});
    return outlier;
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

template <typename Item>
Tensor stack(const Item& items, MnistImage std::ranges::range_value_t<Item>::*member) {
  Tensor images({std::ssize(items), 1, kMnistSide, kMnistSide}, DType::kU8);
  auto to = images.as<std::uint8_t>().begin();
  for (const auto& item : items) to = std::ranges::copy(item.*member, to).out;
  return images;
}

// The probabilities become those of the reader, which saw the ink around the digits, and of the
// classifier, which is better at digits that are whole.
void label_digits(const Classifier& classifier, std::vector<ReadDigit>& digits) {
  std::vector<DigitPrediction> predictions;
  for (ReadDigit& digit : digits) predictions.push_back(std::move(digit.prediction));
  add_classifier(classifier, stack(digits, &ReadDigit::image), PieceKind::kFound, predictions);
  for (std::size_t i = 0; i < digits.size(); ++i) digits[i].prediction = std::move(predictions[i]);
}

std::optional<DigitPattern> expected_by(const ReadOptions& options) {
  if (options.expect != 0 && !options.pattern.empty())
    throw Error(ErrorCode::kInvalidArgument,
                "read_digits: expected a number of digits or a pattern, got {} and '{}'",
                options.expect, options.pattern);
  if (options.expect != 0) return pattern_of(options.expect);
  if (!options.pattern.empty()) return parse_pattern(options.pattern);
  return std::nullopt;
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
                 const PieceClassifiers& classify, const ReadOptions& options) {
  const std::optional<DigitPattern> expected = expected_by(options);
  show(options, "1-grey", working.grey);
  const CleanPaper level = clean_paper(working.grey, polarity, options);
  Reading reading;
  reading.light_ink = level.paper.ink.light;
  reading.skew_degrees = level.paper.skew_degrees;
  reading.num_rules = level.num_rules;
  if (level.paper.ink.stroke_width <= 0) return reading;
  show(options, "4-strokes", strong_mask(level.paper.ink));
  FoundDigits found = find_digits(
      level.paper, classify,
      {.split_touching = options.split_touching, .layout = options.layout, .pattern = expected});
  if (!found.as_expected) leave_out_outliers(level.paper, found);
  std::vector<ReadDigit> digits;
  std::vector<PixelBox> boxes;
  for (FoundDigit& digit : found.digits) {
    const cv::Rect& box = digit.box;
    boxes.push_back(place_in_text(level.paper, box));
    digits.push_back({.box = to_pixel_box(box, level.paper, working.scale, picture),
                      .image = digit.image,
                      .prediction = std::move(digit.prediction)});
  }
  if (found.as_expected) reading.pattern = expected->text;
  for (const cv::Rect& frame : level.frames)
    found.left_out.push_back({frame, LeftOutReason::kFrame});
  for (const cv::Rect& box : level.outside)
    found.left_out.push_back({box, LeftOutReason::kOutside});
  for (const Foreign& foreign : found.left_out)
    reading.left_out.push_back(
        {to_pixel_box(foreign.box, level.paper, working.scale, picture), foreign.reason});
  constexpr double kDegrees = 57.29577951308232;
  reading.slant_degrees = std::atan(found.lean) * kDegrees;
  place_digits(std::move(digits), boxes, reading);
  if (options.on_stage) options.on_stage("5-digits", contact_sheet(reading.digits));
  return reading;
}

Reading read_whole(const Image& picture, const PieceClassifiers& classify,
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

Reading read(const Image& picture, const PieceClassifiers& classify, const ReadOptions& options) {
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

}  // namespace

Reading read_digits(const Image& picture, const Classifier& classifier,
                    const ReadOptions& options) {
  check_image(picture);
  const Image smooth = without_large_pixels(picture);
  const Shape expected{1, kMnistSide, kMnistSide};
  if (classifier.model().input_shape() != expected)
    throw Error(ErrorCode::kBadData,
                "read_digits: expected a model of images {} ([channels, height, width]), got one "
                "of {}",
                expected.to_string(), classifier.model().input_shape().to_string());
  if (!has_classes_of_digits(classifier.model()))
    return read_digits(
        picture, [&](const Tensor& images) { return predict_digits(classifier, images); }, options);
  const PieceClassifier parts = [](std::span<const PieceImage> pieces) {
    return predict_pieces(shipped_reader(), stack(pieces, &PieceImage::in_surroundings));
  };
  // The reader was trained on MNIST's hands alone: a digit of another hand may score low.
  const PieceClassifier wholes = [&](std::span<const PieceImage> pieces) {
    std::vector<DigitPrediction> predictions = parts(pieces);
    const std::vector<double> scores =
        classifier.in_distribution_scores(stack(pieces, &PieceImage::alone));
    for (std::size_t i = 0; i < scores.size(); ++i)
      add_in_distribution_score(
          scores[i], static_cast<double>(classifier.model().rejection_threshold), predictions[i]);
    return predictions;
  };
  Reading reading = read(smooth, {wholes, parts}, options);
  if (!reading.digits.empty()) label_digits(classifier, reading.digits);
  const bool may_be_one = options.layout != Layout::kBoxes && options.pattern.empty() &&
                          options.expect <= 1 && !options.region;
  if (may_be_one) prefer_whole_picture(smooth, classifier, reading);
  return reading;
}

Reading read_digits(const Image& picture, const DigitClassifier& classify,
                    const ReadOptions& options) {
  check_image(picture);
  const PieceClassifier checked = [&](std::span<const PieceImage> pieces) {
    std::vector<DigitPrediction> predictions = classify(stack(pieces, &PieceImage::alone));
    if (predictions.size() != pieces.size())
      throw Error(ErrorCode::kInvalidArgument,
                  "read_digits: expected {} predictions from the classifier, got {}", pieces.size(),
                  predictions.size());
    return predictions;
  };
  return read(without_large_pixels(picture), {checked, checked}, options);
}

}  // namespace digitry
