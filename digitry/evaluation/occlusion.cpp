#include "digitry/evaluation/occlusion.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/base/quantile.h"

namespace digitry {
namespace {

constexpr std::int64_t kPatchesPerSide = 7;
constexpr std::int64_t kImagesAtOnce = 500;
constexpr std::int64_t kMaxBytesAtOnce = std::int64_t{1} << 24;

/// One patch on the image of one contrast.
struct Trial {
  std::size_t contrast = 0;
  std::int64_t top = 0;
  std::int64_t left = 0;
};

/// Start positions of the patches along one side. The last patch ends at the border of the image.
std::vector<std::int64_t> starts(std::int64_t extent, const OcclusionPatch& patch) {
  std::vector<std::int64_t> all;
  for (std::int64_t start = 0; start + patch.size < extent; start += patch.stride)
    all.push_back(start);
  all.push_back(extent - patch.size);
  return all;
}

class Occluder {
 public:
  Occluder(const Tensor& images, std::span<const Contrast> contrasts, const OcclusionPatch& patch)
      : images_(images),
        contrasts_(contrasts),
        patch_(patch),
        channels_(images.shape()[1]),
        height_(images.shape()[2]),
        width_(images.shape()[3]) {
    for (std::size_t i = 0; i < contrasts.size(); ++i) backgrounds_.push_back(background(i));
  }

  std::int64_t image_size() const { return channels_ * height_ * width_; }
  std::int64_t map_size() const { return height_ * width_; }

  /// All patches that are not all background.
  std::vector<Trial> trials() const {
    std::vector<Trial> all;
    for (std::size_t i = 0; i < contrasts_.size(); ++i)
      for (const std::int64_t top : starts(height_, patch_))
        for (const std::int64_t left : starts(width_, patch_))
          if (hides_foreground({i, top, left})) all.push_back({i, top, left});
    return all;
  }

  /// Writes the image of the trial with its patch hidden.
  void write(const Trial& trial, std::uint8_t* to) const {
    std::memcpy(to, image(trial.contrast), static_cast<std::size_t>(image_size()));
    for (std::int64_t channel = 0; channel < channels_; ++channel)
      for (std::int64_t row = trial.top; row < trial.top + patch_.size; ++row)
        std::fill_n(to + (channel * height_ + row) * width_ + trial.left, patch_.size,
                    backgrounds_[trial.contrast][static_cast<std::size_t>(channel)]);
  }

  void add(const Trial& trial, float value, std::span<float> maps) const {
    float* map = maps.data() + static_cast<std::int64_t>(trial.contrast) * map_size();
    add_to(map, trial.top, trial.left, value);
  }

  /// Number of patches that cover each pixel.
  std::vector<float> cover() const {
    std::vector<float> counts(static_cast<std::size_t>(map_size()));
    for (const std::int64_t top : starts(height_, patch_))
      for (const std::int64_t left : starts(width_, patch_)) add_to(counts.data(), top, left, 1);
    return counts;
  }

 private:
  const std::uint8_t* image(std::size_t contrast) const {
    return images_.as<std::uint8_t>().data() + contrasts_[contrast].image_index * image_size();
  }

  /// The median of the border, for each channel.
  std::vector<std::uint8_t> background(std::size_t contrast) const {
    std::vector<std::uint8_t> medians;
    for (std::int64_t channel = 0; channel < channels_; ++channel) {
      const std::uint8_t* pixels = image(contrast) + channel * map_size();
      std::vector<std::uint8_t> border;
      for (std::int64_t row = 0; row < height_; ++row) {
        const bool edge = row == 0 || row == height_ - 1;
        const std::int64_t step = edge ? 1 : std::max<std::int64_t>(1, width_ - 1);
        for (std::int64_t column = 0; column < width_; column += step)
          border.push_back(pixels[row * width_ + column]);
      }
      medians.push_back(median(border));
    }
    return medians;
  }

  bool hides_foreground(const Trial& trial) const {
    for (std::int64_t channel = 0; channel < channels_; ++channel) {
      const std::uint8_t hidden = backgrounds_[trial.contrast][static_cast<std::size_t>(channel)];
      const std::uint8_t* pixels = image(trial.contrast) + channel * map_size();
      for (std::int64_t row = trial.top; row < trial.top + patch_.size; ++row)
        for (std::int64_t column = trial.left; column < trial.left + patch_.size; ++column)
          if (pixels[row * width_ + column] != hidden) return true;
    }
    return false;
  }

  void add_to(float* map, std::int64_t top, std::int64_t left, float value) const {
    for (std::int64_t row = top; row < top + patch_.size; ++row)
      for (std::int64_t column = left; column < left + patch_.size; ++column)
        map[row * width_ + column] += value;
  }

  const Tensor& images_;
  std::span<const Contrast> contrasts_;
  OcclusionPatch patch_;
  std::int64_t channels_, height_, width_;
  std::vector<std::vector<std::uint8_t>> backgrounds_;  // One value per contrast and channel.
};

void check_contrasts(const Tensor& images, std::span<const Contrast> contrasts,
                     const OcclusionPatch& patch) {
  const Shape& shape = images.shape();
  if (shape.rank() != 4 || shape.num_elements() == 0)
    throw Error(ErrorCode::kShapeMismatch, "occlusion_maps: expected images [N, C, H, W], got {}",
                shape.to_string());
  const std::int64_t side = std::min(shape[2], shape[3]);
  if (patch.size < 1 || patch.size > side || patch.stride < 1 || patch.stride > patch.size)
    throw Error(ErrorCode::kInvalidArgument,
                "occlusion_maps: expected a patch of 1 to {} pixels per side and a stride of 1 to "
                "its size, got {} and {}",
                side, patch.size, patch.stride);
  for (const Contrast& contrast : contrasts)
    if (contrast.image_index < 0 || contrast.image_index >= shape[0])
      throw Error(ErrorCode::kInvalidArgument,
                  "occlusion_maps: expected an image index of 0 to {}, got {}", shape[0] - 1,
                  contrast.image_index);
}

/// logit[answer] − logit[rival] of one row of logits.
float margin(const Tensor& logits, std::int64_t row, const Contrast& contrast) {
  const auto classes = logits.shape()[1];
  if (std::min(contrast.answer, contrast.rival) < 0 ||
      std::max(contrast.answer, contrast.rival) >= classes)
    throw Error(ErrorCode::kInvalidArgument,
                "occlusion_maps: expected class indices of 0 to {}, got {} and {}", classes - 1,
                contrast.answer, contrast.rival);
  const float* values = logits.as<float>().data() + row * classes;
  return values[contrast.answer] - values[contrast.rival];
}

}  // namespace

Contrast contrast_of(std::int32_t image_index, std::span<const float> logits,
                     std::optional<std::int32_t> label, std::optional<std::int32_t> asked) {
  if (logits.size() < 2)
    throw Error(ErrorCode::kInvalidArgument,
                "explain: expected a model of at least two classes, found {}", logits.size());
  std::vector<std::int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::ranges::greater(),
                           [&](std::int32_t c) { return logits[static_cast<std::size_t>(c)]; });
  const std::int32_t answer = order[0];
  std::int32_t rival = order[1];
  if (label && *label != answer) rival = *label;
  if (asked && *asked != answer) rival = *asked;
  return {.image_index = image_index, .answer = answer, .rival = rival};
}

OcclusionPatch default_patch(const Shape& image_shape) {
  const std::int64_t side = std::min(image_shape[1], image_shape[2]);
  const std::int64_t size = std::max<std::int64_t>(1, side / kPatchesPerSide);
  return {.size = size, .stride = std::max<std::int64_t>(1, size / 2)};
}

Tensor occlusion_maps(const LogitsOf& logits_of, const Tensor& images,
                      std::span<const Contrast> contrasts, const OcclusionPatch& patch) {
  check_contrasts(images, contrasts, patch);
  const Occluder occluder(images, contrasts, patch);
  std::vector<std::int32_t> indices;
  for (const Contrast& contrast : contrasts) indices.push_back(contrast.image_index);
  const Tensor plain = logits_of(images, indices);

  Tensor maps({std::ssize(contrasts), images.shape()[2], images.shape()[3]}, DType::kF32);
  const std::vector<Trial> trials = occluder.trials();
  const std::int64_t at_once =
      std::clamp(kMaxBytesAtOnce / occluder.image_size(), std::int64_t{1}, kImagesAtOnce);
  Tensor batch(images.shape().without_batch().with_batch(at_once), DType::kU8);
  std::vector<std::int32_t> rows(static_cast<std::size_t>(at_once));
  std::iota(rows.begin(), rows.end(), 0);
  for (std::size_t first = 0; first < trials.size(); first += rows.size()) {
    const std::size_t count = std::min(rows.size(), trials.size() - first);
    for (std::size_t i = 0; i < count; ++i)
      occluder.write(trials[first + i], batch.as<std::uint8_t>().data() +
                                            static_cast<std::int64_t>(i) * occluder.image_size());
    const Tensor logits = logits_of(batch, std::span(rows).first(count));
    for (std::size_t i = 0; i < count; ++i) {
      const Trial& trial = trials[first + i];
      const Contrast& contrast = contrasts[trial.contrast];
      occluder.add(trial,
                   margin(plain, static_cast<std::int64_t>(trial.contrast), contrast) -
                       margin(logits, static_cast<std::int64_t>(i), contrast),
                   maps.as<float>());
    }
  }
  const std::vector<float> cover = occluder.cover();
  const auto values = maps.as<float>();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] /= cover[i % cover.size()];
  return maps;
}

}  // namespace digitry
