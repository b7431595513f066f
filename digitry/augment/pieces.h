#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "digitry/base/attributes.h"
#include "digitry/base/random.h"
#include "digitry/tensor/tensor.h"

// Pieces (segments) of synthesised writing, labelled as one digit or as "other".

namespace digitry {

/// How pieces are made. Off by default: training images are those of the data set.
struct PieceOptions {
  double strings = 0;  ///< Share of pieces of strings of two to four digits and symbols, in [0, 1].
  double symbols = 0;  ///< Probability that an element of a string is no digit, in [0, 1].
  double deform = 1;   ///< Factor of the strength of all deformations of digits, in [0, 2].

  double drawn = 0;   ///< Probability that a digit is drawn by a script, in [0, 1].
  double coarse = 0;  ///< Share of strings of few large pixels, in [0, 1].

  /// Whether pieces are made.
  bool any() const { return strings > 0 || symbols > 0; }
  bool operator==(const PieceOptions&) const = default;
};

/// Reads the `[pieces]` table of a recipe; the keys are the names of the fields. Throws
/// Error{kBadData}, whose message begins with `where`, for unknown keys and values out of range.
PieceOptions read_piece_options(const Attributes& options, const std::string& where);

/// The inverse: the options that differ from their defaults.
Attributes to_attributes(const PieceOptions& options);

/// The name of the class of everything that is not exactly one digit.
inline constexpr const char* kOtherClass = "other";

/// Writes strings of digits, cuts them as a reader of pictures does (`cheapest_seam`), and brings a
/// piece with its surroundings to 28×28 (`to_mnist_form`).
///
/// A string has one to four elements: images of digits, deformed, of one slant, size and stroke
/// width, and symbols (`draw_symbol`; digits mirrored or turned by 90°). Neighbours have gaps,
/// touch or overlap. A piece lies between two cuts, or a cut and an end of the string, near the
/// true boundaries or anywhere. If it holds nearly all ink of one digit and little else, its label
/// is that digit's; if it holds clearly less, or more, or a symbol, its label is `num_classes`,
/// "other". Pieces between those are not used: another is drawn.
///
/// The piece for an image is a function of (seed, epoch, image index, options, images) only; it
/// does not depend on the batch or the number of threads.
class PieceMaker {
 public:
  /// `images` are uint8 [N,1,28,28] with labels in [0, num_classes); strings are made of those at
  /// `indices` only. All three must outlive the object. Throws Error{kShapeMismatch} for images of
  /// another shape, Error{kInvalidArgument} if there are no indices.
  PieceMaker(const PieceOptions& options, const Tensor& images,
             std::span<const std::int32_t> labels, std::span<const std::int32_t> indices,
             std::int64_t num_classes, std::uint64_t seed);

  /// Writes one piece for each image index, value · pixel_scale + pixel_offset with values in
  /// [0, 255], to `to` at i · 784, and its label to `labels`. Expects `epoch` in [0, 2^24).
  /// Cost: about 0.1 ms per piece on one core. Uses all threads.
  void make_batch(std::span<const std::int32_t> image_indices, std::int64_t epoch,
                  float pixel_scale, float pixel_offset, std::span<float> to,
                  std::span<std::int32_t> labels) const;

  /// The same into the places of these images of `images`, uint8 [N,1,28,28], and of `labels` [N].
  void make_in_place(std::span<const std::int32_t> image_indices, std::int64_t epoch,
                     Tensor& images, std::span<std::int32_t> labels) const;

  /// One piece: writes its 784 pixels and returns its label.
  std::int32_t make(std::int32_t image_index, std::int64_t epoch,
                    std::span<std::uint8_t> pixels) const;

 private:
  class Workspace;

  std::int32_t make(std::int32_t image_index, std::int64_t epoch, Workspace& workspace,
                    std::span<std::uint8_t> pixels) const;

  PieceOptions options_;
  const Tensor& images_;
  std::span<const std::int32_t> labels_;
  std::span<const std::int32_t> indices_;
  std::int64_t num_classes_;
  std::uint64_t seed_;
};

}  // namespace digitry
