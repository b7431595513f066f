#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/image/image.h"
#include "digitry/tensor/tensor.h"
#include "digitry/vision/mnist_form.h"

namespace digitry {

/// What a classifier says of one image.
struct DigitPrediction {
  std::vector<float> probabilities;  ///< One a class, at least one; they add up to 1.
  double score = 0;        ///< How sure it is that the image is one digit: 0 (not at all) to 1.
  double familiarity = 1;  ///< How like those that it was trained on the image is: 0 to 1.
  bool known = true;       ///< Whether that is enough to be one of them.
};

/// Judges images: uint8 [N,1,28,28] (N ≥ 1) to N verdicts, all of the same number of classes.
using DigitClassifier = std::function<std::vector<DigitPrediction>(const Tensor& images)>;

/// A rectangle in pixels of the picture; `left` and `top` are its first column and row.
struct PixelBox {
  std::int64_t left = 0;
  std::int64_t top = 0;
  std::int64_t width = 0;
  std::int64_t height = 0;
  bool operator==(const PixelBox&) const = default;
};

/// One digit, or what stands in the place of one.
struct ReadDigit {
  PixelBox box;
  std::int64_t line = 0;      ///< From 0, counted from the top.
  bool space_before = false;  ///< Whether a gap as of a word lies between it and the one before.
  MnistImage image{};         ///< What the classifier saw.
  DigitPrediction verdict;

  /// The class with the largest probability.
  std::size_t label() const;
};

/// What is written in a picture.
struct Reading {
  std::vector<ReadDigit> digits;  ///< Line by line, from left to right.
  std::int64_t num_lines = 0;
  bool light_ink = false;    ///< Whether the ink is lighter than what it is on.
  double skew_degrees = 0;   ///< By how much the lines run down to the right.
  double slant_degrees = 0;  ///< By how much upright strokes were found to lean, and were righted.
  std::int64_t num_rules = 0;  ///< Ruled lines that were taken away.
};

/// Is given each stage of the work: its name ("2-ink") and what it looks like.
using StageSink = std::function<void(std::string_view stage, const Image& picture)>;

struct ReadOptions {
  bool find_skew = true;       ///< Level lines that run up or down (up to 15°).
  bool remove_rules = true;    ///< Take the lines of ruled and squared paper away.
  bool split_touching = true;  ///< Try cuts, and let the classifier judge.
  StageSink on_stage{};        ///< Not called where empty.
};

/// Reads the digits in a picture of any size, dark ink or light, any number of lines. An empty
/// reading where there is no ink. The steps: grey; ink's polarity; light and shadow divided out;
/// skew; ruled lines; components; broken strokes joined and touching digits cut, as the classifier
/// scores the outcomes; lines from the top, digits from the left; each brought to 28×28 as MNIST's
/// were. docs/reading.md tells more. The first call turns off OpenCV's log in the whole process.
/// Throws Error{kInvalidArgument} where the picture is none (`check_image`), and what the
/// classifier throws.
Reading read_digits(const Image& picture, const DigitClassifier& classify,
                    const ReadOptions& options = {});

/// The reading as a person would write it: a row a line, unknown things as '?', class names in the
/// place of digits. Expects a name for each class.
std::string to_text(const Reading& reading, const std::vector<std::string>& class_names);

}  // namespace digitry
