#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "digitry/base/random.h"
#include "digitry/image/warp.h"
#include "digitry/tensor/tensor.h"

// Lines of digits and symbols that touch, overlap or have gaps.

namespace digitry {

/// The digits that lines are written of. All must outlive their users.
struct DigitSource {
  const Tensor& images;                   ///< uint8 [N,1,28,28]
  std::span<const std::int32_t> labels;   ///< N labels.
  std::span<const std::int32_t> indices;  ///< Images that may be used; at least one.
  std::int64_t num_classes = 0;           ///< Also the label of symbols.
};

/// How lines are written.
struct LineOptions {
  double strings = 0;  ///< Probability of more than one element.
  double symbols = 0;  ///< Probability that an element is no digit.
  double deform = 1;   ///< Factor of all deformations of digits.
  double drawn = 0;    ///< Probability that a digit is drawn by a script (`draw_digit`).
  double coarse = 0;   ///< Probability of a line of few large pixels.
};

/// A line of one to four elements by one hand: their slant, size, stroke width and contrast are
/// similar. Some lines are coarse: digits are 7 to 16 pixels high, grey or black, and enlarged as
/// blocks or smoothly; half of the coarse digits that are alone are stretched towards a square, as
/// in older data sets. Holds scratch memory: use one object per thread.
class WrittenLine {
 public:
  static constexpr std::size_t kMaxElements = 4;
  static constexpr std::int64_t kHeight = 60;

  explicit WrittenLine(const DigitSource& digits);

  /// Writes a line with the digit `image_index` (or a symbol in its place) and random others.
  void write(const LineOptions& options, std::int32_t image_index, RandomStream& random);
  /// Writes the digit alone and without deformation.
  void write_alone(std::int32_t image_index, RandomStream& random);

  /// The ink, [kHeight, width()], 0 to 1.
  std::span<const float> ink() const { return ink_; }
  std::int64_t width() const { return width_; }
  /// The height of a typical digit, in pixels.
  double digit_height() const { return kDigitHeight * hand_.size; }
  std::size_t num_elements() const { return count_; }
  /// The digit, or `num_classes` for a symbol.
  std::int32_t label(std::size_t element) const { return elements_[element].label; }
  /// The middle between the ink of an element (from 1) and of the one before it.
  double boundary_x(std::size_t element) const;
  /// The sum of an element's own ink at the pixels where `mask` [kHeight, width()] is above 0.
  double ink_on(std::size_t index, std::span<const float> mask) const;

 private:
  static constexpr std::int64_t kTileSide = 48;
  static constexpr double kDigitHeight = 20;

  // What is common to the elements.
  struct Hand {
    double size = 1;
    double slant = 0;
    double turn = 0;
    double squeeze = 1;
    double thickness = 0;
    double stretch = 0;  // Of a digit: 1 makes it as wide as high.
    double paper = 0;    // Ink, from 0 to 1 of the darkest, that becomes 0, and
    double full = 1;     // that becomes 1.
  };

  struct Element {
    std::array<std::uint8_t, static_cast<std::size_t>(kTileSide* kTileSide)> tile{};
    std::int32_t label = 0;
    std::int64_t left = 0, right = 0;  // Of its ink, in the tile: [left, right).
    std::int64_t top = 0, bottom = 0;
    std::array<std::int64_t, static_cast<std::size_t>(kTileSide)> first{}, last{};  // By row.
    std::int64_t x = 0, y = 0;  // Of the tile, in the line.
    bool empty() const { return right <= left; }
  };

  // Changes after which a digit is none.
  struct Spoiling {
    bool mirror = false;
    int quarter_turns = 0;
  };

  static void find_edges(Element& element);
  static double aspect_of(const std::uint8_t* image);
  static std::int64_t touching_x(const Element& before, const Element& next);
  static void add_marks(std::int32_t label, RandomStream& random, Element& element);
  std::int32_t partner(RandomStream& random) const;
  void draw_digit(std::int32_t image_index, RandomStream& random, Element& element,
                  const Spoiling& spoiling);
  void draw_other(std::int32_t image_index, RandomStream& random, Element& element);
  void lay_out(RandomStream& random);
  void draw_ink();
  void coarsen(RandomStream& random);

  DigitSource digits_;
  LineOptions options_;
  RoundingWarper warper_;
  std::vector<std::uint8_t> padded_;
  std::vector<std::uint8_t> thick_;
  Hand hand_;
  std::array<Element, kMaxElements> elements_;
  std::size_t count_ = 0;
  std::int64_t width_ = 0;
  std::vector<float> ink_;
  std::vector<float> cells_;
};

}  // namespace digitry
