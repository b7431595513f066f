#include "digitry/augment/pieces.h"

#include <algorithm>
#include <array>
#include <optional>

#include "digitry/augment/written_line.h"
#include "digitry/base/error.h"
#include "digitry/base/parallel.h"
#include "digitry/image/mnist_form.h"
#include "digitry/image/seam.h"

namespace digitry {

Attributes to_attributes(const PieceOptions& options) {
  const PieceOptions off;
  Attributes attributes;
  if (options.strings != off.strings) attributes["strings"] = options.strings;
  if (options.symbols != off.symbols) attributes["symbols"] = options.symbols;
  if (options.deform != off.deform) attributes["deform"] = options.deform;
  if (options.drawn != off.drawn) attributes["drawn"] = options.drawn;
  if (options.coarse != off.coarse) attributes["coarse"] = options.coarse;
  return attributes;
}

PieceOptions read_piece_options(const Attributes& options, const std::string& where) {
  AttributeReader reader(options, where);
  PieceOptions pieces;
  pieces.strings = reader.number("strings", 0, 1, pieces.strings);
  pieces.symbols = reader.number("symbols", 0, 1, pieces.symbols);
  pieces.deform = reader.number("deform", 0, 2, pieces.deform);
  pieces.drawn = reader.number("drawn", 0, 1, pieces.drawn);
  pieces.coarse = reader.number("coarse", 0, 1, pieces.coarse);
  reader.finish();
  return pieces;
}

namespace {

constexpr std::size_t kDigitPixels = static_cast<std::size_t>(kMnistSide * kMnistSide);

// The same as those of the reader's cuts, in pixels per height of a digit and of ink per pixel.
constexpr double kStray = 0.25;
constexpr double kNarrowStray = 0.08;
constexpr double kStrayCost = 0.4;
constexpr double kCrumbShare = 0.08;
constexpr float kCrumbLevel = 0.3F;

// A piece is a digit if it has so much of the digit's ink, at most so much of another element's,
// and so little else.
constexpr double kWhole = 0.84;
constexpr double kRemains = 0.35;
constexpr double kPure = 0.78;
// It is none if it has less of each digit's ink, or more of another element's.
constexpr double kPart = 0.7;
constexpr double kIntruder = 0.55;
constexpr int kAttempts = 8;

}  // namespace

class PieceMaker::Workspace {
 public:
  explicit Workspace(const PieceMaker& maker)
      : maker_(maker), line_({maker.images_, maker.labels_, maker.indices_, maker.num_classes_}) {}

  std::int32_t make(std::int32_t image_index, RandomStream& random,
                    std::span<std::uint8_t> pixels) {
    const PieceOptions& options = maker_.options_;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      line_.write({.strings = options.strings,
                   .symbols = options.symbols,
                   .deform = options.deform,
                   .drawn = options.drawn,
                   .coarse = options.coarse},
                  image_index, random);
      if (const auto label = cut_piece(random, pixels)) return *label;
    }
    line_.write_alone(image_index, random);
    cut_out(nullptr, nullptr);
    bring_to_form(pixels);
    return line_.label(0);
  }

 private:
  std::int32_t other() const { return static_cast<std::int32_t>(maker_.num_classes_); }

  Seam seam_near(double x, double stray) const {
    const double height = line_.digit_height();
    const double place = std::clamp(x, 0.0, static_cast<double>(line_.width() - 1));
    return cheapest_seam(
        line_.ink(), WrittenLine::kHeight, line_.width(), static_cast<int>(place),
        {.stray = static_cast<int>(stray * height), .stray_cost = kStrayCost / height});
  }

  // Chooses a piece. Empty if it is neither clearly one digit nor clearly not.
  std::optional<std::int32_t> cut_piece(RandomStream& random, std::span<std::uint8_t> pixels) {
    std::optional<Seam> left;
    std::optional<Seam> right;
    const double height = line_.digit_height();
    const std::size_t count = line_.num_elements();
    const double stray = random.next_below(2) == 0 ? kStray : kNarrowStray;
    const bool at_boundaries = random.next_below(5) < 3;
    if (count == 1 && random.next_below(4) != 0) {
      // All of it.
    } else if (at_boundaries && count > 1) {
      // From one boundary to the next, or to the one after it.
      const std::size_t first = random.next_below(static_cast<std::uint32_t>(count));
      const std::size_t last = std::min(count, first + (random.next_below(5) == 0 ? 2 : 1));
      const double jitter = 0.1 * height;
      if (first > 0)
        left = seam_near(line_.boundary_x(first) + random.next_between(-jitter, jitter), stray);
      if (last < count)
        right = seam_near(line_.boundary_x(last) + random.next_between(-jitter, jitter), stray);
    } else {
      const double from = random.next_between(-0.4 * height, static_cast<double>(line_.width()));
      const double to = from + random.next_between(0.15, 1.45) * height;
      if (from > 0) left = seam_near(from, stray);
      if (to < static_cast<double>(line_.width())) right = seam_near(to, stray);
    }
    const Seam* from = left ? &*left : nullptr;
    const Seam* to = right ? &*right : nullptr;
    cut_out(from, to);
    const auto label = label_of_piece();
    if (label) bring_to_form(pixels);
    return label;
  }

  // The piece between two cuts, and all other ink.
  void cut_out(const Seam* left, const Seam* right) {
    piece_.assign(line_.ink().begin(), line_.ink().end());
    keep_between(piece_, line_.width(), left, right);
    if (left != nullptr || right != nullptr)
      erase_crumbs(piece_, WrittenLine::kHeight, line_.width(), kCrumbShare, kCrumbLevel);
    surroundings_.assign(line_.ink().begin(), line_.ink().end());
    for (std::size_t i = 0; i < piece_.size(); ++i)
      if (piece_[i] > 0) surroundings_[i] = 0;
  }

  void bring_to_form(std::span<std::uint8_t> pixels) const {
    std::ranges::copy(to_mnist_form(piece_, surroundings_, WrittenLine::kHeight, line_.width()),
                      pixels.begin());
  }

  std::optional<std::int32_t> label_of_piece() const {
    constexpr double kLeastInk = 4;
    const std::size_t count = line_.num_elements();
    std::array<double, WrittenLine::kMaxElements> inside{};
    double sum = 0;
    for (std::size_t k = 0; k < count; ++k) sum += inside[k] = line_.ink_on(k, piece_);
    if (sum < kLeastInk) return std::nullopt;
    std::array<double, WrittenLine::kMaxElements> shares{};
    for (std::size_t k = 0; k < count; ++k)
      shares[k] = inside[k] / std::max(1.0, line_.ink_on(k, line_.ink()));
    bool other_for_sure = true;
    for (std::size_t k = 0; k < count; ++k) {
      if (line_.label(k) == other()) continue;
      double intruder = 0;
      for (std::size_t i = 0; i < count; ++i)
        if (i != k) intruder = std::max(intruder, shares[i]);
      if (shares[k] >= kWhole && intruder <= kRemains && inside[k] >= kPure * sum)
        return line_.label(k);
      if (shares[k] >= kPart && intruder <= kIntruder) other_for_sure = false;
    }
    return other_for_sure ? std::optional(other()) : std::nullopt;
  }

  const PieceMaker& maker_;
  WrittenLine line_;
  std::vector<float> piece_;
  std::vector<float> surroundings_;
};

PieceMaker::PieceMaker(const PieceOptions& options, const Tensor& images,
                       std::span<const std::int32_t> labels, std::span<const std::int32_t> indices,
                       std::int64_t num_classes, std::uint64_t seed)
    : options_(options),
      images_(images),
      labels_(labels),
      indices_(indices),
      num_classes_(num_classes),
      seed_(seed) {
  const Shape expected{1, kMnistSide, kMnistSide};
  if (images.shape().without_batch() != expected)
    throw Error(ErrorCode::kShapeMismatch, "pieces: expected images of {}, got {}",
                expected.to_string(), images.shape().without_batch().to_string());
  if (indices.empty())
    throw Error(ErrorCode::kInvalidArgument, "pieces: expected at least one image, got none");
}

std::int32_t PieceMaker::make(std::int32_t image_index, std::int64_t epoch, Workspace& workspace,
                              std::span<std::uint8_t> pixels) const {
  RandomStream random(seed_, RandomPurpose::kPieces, static_cast<std::uint32_t>(epoch),
                      static_cast<std::uint32_t>(image_index));
  return workspace.make(image_index, random, pixels);
}

std::int32_t PieceMaker::make(std::int32_t image_index, std::int64_t epoch,
                              std::span<std::uint8_t> pixels) const {
  Workspace workspace(*this);
  return make(image_index, epoch, workspace, pixels);
}

void PieceMaker::make_in_place(std::span<const std::int32_t> image_indices, std::int64_t epoch,
                               Tensor& images, std::span<std::int32_t> labels) const {
  const std::span<std::uint8_t> pixels = images.as<std::uint8_t>();
  parallel_for_with(
      std::ssize(image_indices), 4, [&] { return Workspace(*this); },
      [&](Workspace& workspace, std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          const std::int32_t index = image_indices[static_cast<std::size_t>(i)];
          const auto place = static_cast<std::size_t>(index);
          labels[place] =
              make(index, epoch, workspace, pixels.subspan(place * kDigitPixels, kDigitPixels));
        }
      });
}

void PieceMaker::make_batch(std::span<const std::int32_t> image_indices, std::int64_t epoch,
                            float pixel_scale, float pixel_offset, std::span<float> to,
                            std::span<std::int32_t> labels) const {
  if (to.size() != image_indices.size() * kDigitPixels || labels.size() != image_indices.size())
    throw Error(ErrorCode::kShapeMismatch, "pieces: expected room for {} images, got {} values",
                image_indices.size(), to.size());
  parallel_for_with(
      std::ssize(image_indices), 4, [&] { return Workspace(*this); },
      [&](Workspace& workspace, std::int64_t begin, std::int64_t end) {
        std::array<std::uint8_t, kDigitPixels> pixels{};
        for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
          labels[i] = make(image_indices[i], epoch, workspace, pixels);
          std::ranges::transform(
              pixels, to.begin() + static_cast<std::ptrdiff_t>(i * kDigitPixels),
              [&](std::uint8_t v) { return static_cast<float>(v) * pixel_scale + pixel_offset; });
        }
      });
}

}  // namespace digitry
