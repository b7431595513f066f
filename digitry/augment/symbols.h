#pragma once

#include <cstdint>
#include <span>

#include "digitry/base/random.h"

// Drawings of digits by a script, and of symbols that are not digits, which a reader has to reject.

namespace digitry {

/// Draws a random symbol that is not a digit into `ink` [side, side], which it clears first: 255 on
/// 0, about `height` pixels high, in the middle. It is
///   - a letter or sign whose strokes are bent, jittered, slanted and of any width; letters that
///     look like a digit by themselves (O o D Q I i l Z z S s b G B g q) are left out;
///   - a few random strokes, a walk of a pen, or a dot;
///   - a filled shape, plain or with a texture.
/// Expects `side` ≥ height ≥ 8. A function of the random numbers alone.
void draw_symbol(std::int64_t side, double height, RandomStream& random,
                 std::span<std::uint8_t> ink);

/// Draws `digit`, 0 to 9, into `ink` in the same way: one of six ways of writing it, with bent,
/// jittered, slanted strokes of 0.03 to 0.17 of the height, one in four with straight strokes
/// instead of round ones. MNIST's writers had one kind of pen and rarely drew 1s with a long flag,
/// 7s with a bar, open 4s or 2s with a loop.
void draw_digit(std::int32_t digit, std::int64_t side, double height, RandomStream& random,
                std::span<std::uint8_t> ink);

/// A straight stroke, in pixels.
struct PenLine {
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  double width = 1;
};

/// Draws a stroke with a round pen and soft edges into `ink` [side, side].
void draw_line(const PenLine& line, std::int64_t side, std::span<std::uint8_t> ink);

}  // namespace digitry
