#pragma once

#include <functional>
#include <opencv2/core.hpp>
#include <optional>
#include <span>
#include <vector>

#include "digitry/image/mnist_form.h"
#include "digitry/vision/components.h"
#include "digitry/vision/digit_prediction.h"
#include "digitry/vision/paper.h"
#include "digitry/vision/pattern.h"
#include "digitry/vision/reader.h"

// From clean paper to digits: components, cuts through those that may be several digits, and the
// choice between what they may be.

namespace digitry {

/// A segment of ink in the form of MNIST's images.
struct PieceImage {
  MnistImage alone{};
  MnistImage in_surroundings{};  ///< With the ink that it was cut from.
};

/// Classifies segments: one prediction each.
using PieceClassifier =
    std::function<std::vector<DigitPrediction>(std::span<const PieceImage> pieces)>;

/// Classify glyphs as they were found, and segments that were cut from them.
struct PieceClassifiers {
  PieceClassifier wholes;
  PieceClassifier parts;
};

struct FindOptions {
  bool split_touching = true;  ///< See ReadOptions; so is `layout`.
  Layout layout = Layout::kLines;
  std::optional<DigitPattern> pattern = {};  ///< What the picture is expected to have.
};

/// The box that decides where something stands in the text: on paper with cells it is as high as
/// its row of cells, and reaches to the right side of its cell.
PixelBox place_in_text(const Paper& paper, const cv::Rect& box);

struct FoundDigit {
  cv::Rect box;  ///< On the paper.
  MnistImage image{};
  DigitPrediction prediction{};
};

struct FoundDigits {
  std::vector<FoundDigit> digits;  ///< In no particular order.
  std::vector<Foreign> left_out;   ///< What is not writing.
  double lean = 0;                 ///< Lean of upright strokes to the right that was removed.
  bool as_expected = false;        ///< Whether there are as many as the pattern has.
};

/// Finds the digits on the paper. Each component, or group of neighbours that may be parts of one
/// digit, is read as the row of digits with the least cost: the sum of −log of the probability that
/// each segment is the digit that it is taken for, and a constant for each cut. With a pattern, it
/// is the cheapest reading of the whole paper with as many digits (`choose_readings`); if there is
/// none, the cheapest reading.
FoundDigits find_digits(const Paper& paper, const PieceClassifiers& classify,
                        const FindOptions& options);

}  // namespace digitry
