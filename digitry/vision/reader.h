#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "digitry/image/image.h"
#include "digitry/model_io/classifier.h"
#include "digitry/vision/digit_prediction.h"
#include "digitry/vision/reading.h"

namespace digitry {

/// Receives each stage of the work: its name ("2-ink") and a picture of it.
using StageSink = std::function<void(std::string_view stage, const Image& picture)>;

/// How the digits of a picture are laid out.
enum class Layout {
  kLines,   ///< Lines of digits, which may touch.
  kBoxes,   ///< One digit per box or cell: nothing is cut.
  kSingle,  ///< One digit: all ink that is writing belongs to it.
};

struct ReadOptions {
  std::optional<PixelBox> region{};  ///< Read only this part of the picture; all of it if empty.
  Layout layout = Layout::kLines;
  bool find_skew = true;       ///< Level lines that run up or down, by up to 15°.
  bool remove_rules = true;    ///< Remove the lines of ruled and squared paper.
  bool split_touching = true;  ///< Try cuts through wide ink; the scores of the segments decide.
  std::int64_t expect = 0;     ///< Number of digits in the picture; 0 if it is not known.
  /// The digits of the picture and what separates them: 'd' is a digit, "dd.dd.dddd" a date. Empty
  /// if it is not known. At most one of `expect` and `pattern` may be set.
  std::string pattern{};
  StageSink on_stage{};  ///< Not called if empty.
};

/// Finds and classifies the digits in a picture of any size, with dark or light ink, on any number
/// of lines:
///
///   const Classifier classifier(shipped_model("cnn-best"));
///   for (const ReadDigit& digit : read_digits(load_picture("photo.jpg"), classifier).digits)
///     std::cout << digit.label() << ' ' << digit.probability() << '\n';
///
/// Returns an empty reading if there is no ink. The shipped model `reader` finds the digits
/// (`predict_pieces`). Each is brought to 28×28 as MNIST's digits were (`to_mnist_form`), and its
/// probabilities are the geometric means of those of `reader` and of the classifier. A picture cut
/// out to its ink may be one digit as a whole. If the classes are not "0" to "9", the classifier
/// does both, by `predict_digits`. docs/reading.md describes the steps.
/// Thread-safe. The first call turns off OpenCV's log in the whole process.
/// Throws Error{kBadData} if the model's images are not [1,28,28], Error{kInvalidArgument} if the
/// picture is not valid (`check_image`), the region is not inside it, or `expect` or `pattern` is
/// out of range.
Reading read_digits(const Image& picture, const Classifier& classifier,
                    const ReadOptions& options = {});

/// The same with any function that classifies images, for finding digits too. Throws
/// Error{kInvalidArgument} if it does not return one prediction per image, and what it throws
/// itself.
Reading read_digits(const Image& picture, const DigitClassifier& classify,
                    const ReadOptions& options = {});

}  // namespace digitry
