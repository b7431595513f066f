#include "digitry/augment/written_line.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "digitry/augment/symbols.h"
#include "digitry/image/mnist_form.h"

namespace digitry {
namespace {

constexpr std::uint8_t kEdgeInk = 100;  // of 255: where a stroke ends.
constexpr ImageSize kDigitSize{kMnistSide, kMnistSide};
constexpr std::int64_t kMaxWidth = 208;

}  // namespace

WrittenLine::WrittenLine(const DigitSource& digits)
    : digits_(digits),
      warper_({kTileSide, kTileSide}),
      padded_(static_cast<std::size_t>(warp::padded_size(kDigitSize))),
      thick_(padded_.size()) {}

void WrittenLine::write(const LineOptions& options, std::int32_t image_index,
                        RandomStream& random) {
  options_ = options;
  const double deform = options.deform;
  const double sizes = random.next_between(0, 1);
  hand_ = {.size = 1 + 0.4 * sizes,
           .slant = deform * random.next_between(-0.25, 0.25),
           .turn = deform * random.next_between(-0.1, 0.1),
           .squeeze = std::exp(deform * random.next_between(-0.16, 0.16)),
           .thickness = deform * random.next_between(-0.75, 1),
           .paper = random.next_between(0.02, 0.35),
           .full = 0};
  hand_.full = hand_.paper + random.next_between(0.25, 0.6);
  count_ = 1;
  if (static_cast<double>(random.next_float()) < options.strings) {
    const std::uint32_t kind = random.next_below(10);
    count_ = kind < 5 ? 2 : kind < 8 ? 3 : 4;
  }
  const bool coarse = static_cast<double>(random.next_float()) < options.coarse;
  if (coarse && count_ == 1 && random.next_below(2) == 0) {
    hand_.stretch = random.next_between(0, 1);
    hand_.size = 1;
  }
  const std::size_t own = random.next_below(static_cast<std::uint32_t>(count_));
  for (std::size_t k = 0; k < count_; ++k) {
    const std::int32_t image = k == own ? image_index : partner(random);
    if (static_cast<double>(random.next_float()) < options.symbols)
      draw_other(image, random, elements_[k]);
    else
      draw_digit(image, random, elements_[k], {});
  }
  lay_out(random);
  if (coarse) coarsen(random);
}

void WrittenLine::write_alone(std::int32_t image_index, RandomStream& random) {
  options_.deform = 1;
  count_ = 1;
  hand_ = {};
  draw_digit(image_index, random, elements_[0], {});
  lay_out(random);
}

void WrittenLine::find_edges(Element& element) {
  element.left = element.top = kTileSide;
  element.right = element.bottom = 0;
  for (std::int64_t y = 0; y < kTileSide; ++y) {
    std::int64_t first = kTileSide;
    std::int64_t last = -1;
    for (std::int64_t x = 0; x < kTileSide; ++x) {
      if (element.tile[static_cast<std::size_t>(y * kTileSide + x)] <= kEdgeInk) continue;
      first = std::min(first, x);
      last = x;
    }
    element.first[static_cast<std::size_t>(y)] = first;
    element.last[static_cast<std::size_t>(y)] = last;
    if (last < 0) continue;
    element.left = std::min(element.left, first);
    element.right = std::max(element.right, last + 1);
    element.top = std::min(element.top, y);
    element.bottom = y + 1;
  }
}

// The position at which the tile of `next` first touches `before`, along rows and at corners: one
// column further right there is a gap.
std::int64_t WrittenLine::touching_x(const Element& before, const Element& next) {
  std::int64_t x = before.x + before.left - next.left + 2;  // At least so much to the right.
  for (std::int64_t y = 0; y < kTileSide; ++y) {
    const std::int64_t last = before.last[static_cast<std::size_t>(y)];
    if (last < 0) continue;
    for (std::int64_t aside = -1; aside <= 1; ++aside) {
      const std::int64_t row = before.y + y + aside - next.y;
      if (row < 0 || row >= kTileSide) continue;
      const std::int64_t first = next.first[static_cast<std::size_t>(row)];
      if (first == kTileSide) continue;
      x = std::max(x, before.x + last + 1 - first);
    }
  }
  return x;
}

// Any digit, 1s twice as often: they touch most easily, and look like a part of their neighbour.
std::int32_t WrittenLine::partner(RandomStream& random) const {
  const auto count = static_cast<std::uint32_t>(digits_.indices.size());
  const bool one = random.next_below(10) == 0;
  std::int32_t image = digits_.indices[random.next_below(count)];
  for (int i = 0; one && i < 10 && digits_.labels[static_cast<std::size_t>(image)] != 1; ++i)
    image = digits_.indices[random.next_below(count)];
  return image;
}

// Some 1s get the flag and the foot, and some 7s the bar, that MNIST's writers rarely drew.
void WrittenLine::add_marks(std::int32_t label, RandomStream& random, Element& element) {
  const double chance = static_cast<double>(random.next_float());
  if (chance >= 0.2 || (label != 1 && label != 7)) return;
  find_edges(element);
  if (element.empty()) return;
  const double width = random.next_between(1.8, 3.2);
  const auto middle_of = [&](std::int64_t row) {
    return 0.5 * static_cast<double>(element.first[static_cast<std::size_t>(row)] +
                                     element.last[static_cast<std::size_t>(row)]);
  };
  const auto draw = [&](double x0, double y0, double x1, double y1) {
    draw_line({x0, y0, x1, y1, width}, kTileSide, element.tile);
  };
  if (label == 7) {
    const std::int64_t row = (element.top + element.bottom) / 2;
    const double x = static_cast<double>(element.last[static_cast<std::size_t>(row)]) - 1;
    const double tilt = random.next_between(-1.5, 1.5);
    const double reach = random.next_between(3, 6);
    return draw(x - reach, static_cast<double>(row) + tilt, x + reach,
                static_cast<double>(row) - tilt);
  }
  const double top = static_cast<double>(element.top) + 1;
  const double x = middle_of(element.top);
  draw(x, top, x - random.next_between(3, 7), top + random.next_between(3, 7));
  if (chance > 0.12) return;
  const double foot = middle_of(element.bottom - 1);
  const double bottom = static_cast<double>(element.bottom) - 1;
  draw(foot - random.next_between(3, 5), bottom, foot + random.next_between(3, 5), bottom);
}

// Width by height of the ink of an image; 1 if there is none.
double WrittenLine::aspect_of(const std::uint8_t* image) {
  std::int64_t top = kMnistSide, bottom = 0, left = kMnistSide, right = 0;
  for (std::int64_t y = 0; y < kMnistSide; ++y)
    for (std::int64_t x = 0; x < kMnistSide; ++x) {
      if (image[y * kMnistSide + x] <= kEdgeInk) continue;
      top = std::min(top, y);
      bottom = y + 1;
      left = std::min(left, x);
      right = std::max(right, x + 1);
    }
  return bottom > top ? static_cast<double>(right - left) / static_cast<double>(bottom - top) : 1;
}

// Deforms the digit and enlarges it into the tile.
void WrittenLine::draw_digit(std::int32_t image_index, RandomStream& random, Element& element,
                             const Spoiling& spoiling) {
  const std::int32_t digit = digits_.labels[static_cast<std::size_t>(image_index)];
  const bool spoilt = spoiling.mirror || spoiling.quarter_turns != 0;
  if (!spoilt && digits_.num_classes == 10 &&
      static_cast<double>(random.next_float()) < options_.drawn) {
    const double height = digit_height() * random.next_between(0.85, 1.15);
    digitry::draw_digit(digit, kTileSide, height, random, element.tile);
    element.label = digit;
    return find_edges(element);
  }
  const std::uint8_t* from =
      digits_.images.as<std::uint8_t>().data() + image_index * kMnistSide * kMnistSide;
  warp::pad(from, kDigitSize, padded_.data());
  warp::thicken(padded_.data(), kDigitSize,
                static_cast<float>(std::clamp(hand_.thickness, -1.0, 1.0)), thick_.data());
  element.tile.fill(0);
  constexpr std::int64_t kRoom = (kTileSide - kMnistSide) / 2;
  for (std::int64_t y = 0; y < kMnistSide; ++y)
    std::copy_n(thick_.begin() + (y + 1) * (kMnistSide + 3) + 1, kMnistSide,
                element.tile.begin() + (y + kRoom) * kTileSide + kRoom);
  const double deform = options_.deform;
  if (!spoilt && digits_.num_classes == 10 && deform > 0) add_marks(digit, random, element);
  const double angle = hand_.turn + deform * random.next_between(-0.08, 0.08) +
                       spoiling.quarter_turns * std::numbers::pi / 2;
  const double slant = hand_.slant + deform * random.next_between(-0.1, 0.1);
  const double tall = hand_.size * (1 + deform * random.next_between(-0.12, 0.08));
  double wide = tall * hand_.squeeze * (1 + deform * random.next_between(-0.08, 0.08));
  if (hand_.stretch > 0) wide = tall * std::pow(aspect_of(from), -hand_.stretch);
  const double cos = std::cos(angle);
  const double sin = std::sin(angle);
  const double across = (spoiling.mirror ? -1 : 1) / wide;
  const warp::LinearMap map{(cos + slant * sin) * across, (sin - slant * cos) * across, -sin / tall,
                            cos / tall};
  warper_.warp(std::array(element.tile).data(), warp::about_center({kTileSide, kTileSide}, map),
               element.tile.data());
  element.label = spoilt ? static_cast<std::int32_t>(digits_.num_classes) : digit;
  find_edges(element);
}

// A symbol, or a digit that is none when it is mirrored or lies on its side.
void WrittenLine::draw_other(std::int32_t image_index, RandomStream& random, Element& element) {
  const std::int32_t digit = digits_.labels[static_cast<std::size_t>(image_index)];
  const std::uint32_t kind = random.next_below(6);
  const bool mirrored = digit == 3 || digit == 4 || digit == 7 || digit == 9;
  if (digits_.num_classes == 10 && kind == 0 && mirrored)
    return draw_digit(image_index, random, element, {.mirror = true});
  const bool turnable = digit == 2 || digit == 3 || digit == 4 || digit == 5 || digit == 7;
  if (digits_.num_classes == 10 && kind == 1 && turnable)
    return draw_digit(image_index, random, element, {.quarter_turns = 1});
  draw_symbol(kTileSide, std::min(42.0, digit_height() * random.next_between(0.6, 1.25)), random,
              element.tile);
  element.label = static_cast<std::int32_t>(digits_.num_classes);
  find_edges(element);
}

// Places the elements side by side and draws the line.
void WrittenLine::lay_out(RandomStream& random) {
  constexpr std::int64_t kMargin = 4;
  std::int64_t end = 0;
  for (std::size_t k = 0; k < count_; ++k) {
    Element& element = elements_[k];
    const double drift = digit_height() * random.next_between(-0.12, 0.12);
    element.y = (kHeight - kTileSide) / 2 + std::lround(drift);
    if (k == 0) {
      element.x = kMargin - element.left;
    } else {
      const Element& before = elements_[k - 1];
      const bool touching = random.next_below(3) != 0;
      const double overlap =
          touching ? random.next_between(0, 0.14) * digit_height() : -random.next_between(1, 6);
      element.x = touching_x(before, element) - std::lround(overlap);
    }
    if (!element.empty()) end = std::max(end, element.x + element.right);
  }
  width_ = std::clamp<std::int64_t>(end + kMargin, 1, kMaxWidth);
  draw_ink();
}

void WrittenLine::draw_ink() {
  ink_.assign(static_cast<std::size_t>(kHeight * width_), 0.0F);
  for (std::size_t k = 0; k < count_; ++k) {
    const Element& element = elements_[k];
    for (std::int64_t y = 0; y < kTileSide; ++y)
      for (std::int64_t x = std::max<std::int64_t>(0, -element.x);
           x < std::min(kTileSide, width_ - element.x); ++x) {
        const std::int64_t row = element.y + y;
        if (row < 0 || row >= kHeight) continue;
        float& to = ink_[static_cast<std::size_t>(row * width_ + element.x + x)];
        to = std::max(
            to,
            static_cast<float>(element.tile[static_cast<std::size_t>(y * kTileSide + x)]) / 255);
      }
  }
  const float darkest = std::max(0.05F, std::ranges::max(ink_));
  const auto paper = static_cast<float>(hand_.paper) * darkest;
  const float gain = 1 / (static_cast<float>(hand_.full - hand_.paper) * darkest);
  for (float& value : ink_) value = std::clamp((value - paper) * gain, 0.0F, 1.0F);
}

// Averages the ink over square cells and enlarges them again.
void WrittenLine::coarsen(RandomStream& random) {
  const double cell = digit_height() / random.next_between(7, 16);
  const double start_x = random.next_between(0, cell);
  const double start_y = random.next_between(0, cell);
  const bool black = random.next_below(3) == 0;
  const bool blocks = random.next_below(2) == 0;
  const auto place = [&](std::int64_t at, double start) {
    return (static_cast<double>(at) + start) / cell;
  };
  const auto columns = static_cast<std::int64_t>(place(width_, start_x)) + 1;
  const auto rows = static_cast<std::int64_t>(place(kHeight, start_y)) + 1;
  cells_.assign(static_cast<std::size_t>(2 * rows * columns), 0.0F);
  const std::span<float> sums = std::span(cells_).first(static_cast<std::size_t>(rows * columns));
  const std::span<float> areas = std::span(cells_).subspan(sums.size());
  const auto cell_at = [&](std::int64_t row, std::int64_t column) {
    return static_cast<std::size_t>(std::clamp<std::int64_t>(row, 0, rows - 1) * columns +
                                    std::clamp<std::int64_t>(column, 0, columns - 1));
  };
  const auto cell_of = [&](std::int64_t y, std::int64_t x) {
    return cell_at(static_cast<std::int64_t>(place(y, start_y)),
                   static_cast<std::int64_t>(place(x, start_x)));
  };
  const auto ink_at = [&](std::int64_t y, std::int64_t x) -> float& {
    return ink_[static_cast<std::size_t>(y * width_ + x)];
  };
  for (std::int64_t y = 0; y < kHeight; ++y)
    for (std::int64_t x = 0; x < width_; ++x) {
      sums[cell_of(y, x)] += ink_at(y, x);
      areas[cell_of(y, x)] += 1;
    }
  for (std::size_t i = 0; i < sums.size(); ++i) {
    sums[i] /= std::max(1.0F, areas[i]);
    if (black) sums[i] = sums[i] >= 0.5F ? 1 : 0;
  }
  for (std::int64_t y = 0; y < kHeight; ++y)
    for (std::int64_t x = 0; x < width_; ++x) {
      if (blocks) {
        ink_at(y, x) = sums[cell_of(y, x)];
        continue;
      }
      const double row = place(y, start_y) - 0.5;
      const double column = place(x, start_x) - 0.5;
      const auto top = static_cast<std::int64_t>(std::floor(row));
      const auto left = static_cast<std::int64_t>(std::floor(column));
      const auto down = static_cast<float>(row - static_cast<double>(top));
      const auto across = static_cast<float>(column - static_cast<double>(left));
      const auto mixed = [&](std::int64_t at) {
        return (1 - across) * sums[cell_at(at, left)] + across * sums[cell_at(at, left + 1)];
      };
      ink_at(y, x) = (1 - down) * mixed(top) + down * mixed(top + 1);
    }
}

double WrittenLine::boundary_x(std::size_t element) const {
  const Element& before = elements_[element - 1];
  const Element& after = elements_[element];
  return 0.5 * static_cast<double>(before.x + before.right + after.x + after.left);
}

double WrittenLine::ink_on(std::size_t index, std::span<const float> mask) const {
  const Element& element = elements_[index];
  std::int64_t sum = 0;
  for (std::int64_t y = std::max<std::int64_t>(0, -element.y);
       y < std::min(kTileSide, kHeight - element.y); ++y)
    for (std::int64_t x = std::max<std::int64_t>(0, -element.x);
         x < std::min(kTileSide, width_ - element.x); ++x)
      if (mask[static_cast<std::size_t>((element.y + y) * width_ + element.x + x)] > 0)
        sum += element.tile[static_cast<std::size_t>(y * kTileSide + x)];
  return static_cast<double>(sum) / 255;
}

}  // namespace digitry
