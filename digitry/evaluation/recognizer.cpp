#include "digitry/evaluation/recognizer.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>

#include "digitry/base/error.h"
#include "digitry/base/parallel.h"
#include "digitry/data/warp.h"
#include "digitry/evaluation/evaluation.h"

namespace digitry {
namespace {

constexpr std::int64_t kViewsGrain = 16;  // images a thread
constexpr std::size_t kFewestScores = 100;
constexpr std::int64_t kImagesAtOnce = 512;

// Where each pixel of a view comes from, about the image's centre: (x, y) to (xx·x + xy·y, yx·x +
// yy·y).
struct View {
  float xx = 1, xy = 0;
  float yx = 0, yy = 1;
};

// ±12° are 0.978 and 0.208.
constexpr std::array<View, Recognizer::kNumViews - 1> kViews = {{
    {0.978F, 0.208F, -0.208F, 0.978F},
    {0.978F, -0.208F, 0.208F, 0.978F},
    {1, 0.25F, 0, 1},
    {1, -0.25F, 0, 1},
    {1.2F, 0, 0, 1},
    {1, 0, 0, 1.2F},
}};

warp::AffineMap centered(const View& view, ImageSize size) {
  const float x = static_cast<float>(size.width - 1) / 2;
  const float y = static_cast<float>(size.height - 1) / 2;
  return {.ux = view.xx,
          .uy = view.xy,
          .u0 = x - view.xx * x - view.xy * y,
          .vx = view.yx,
          .vy = view.yy,
          .v0 = y - view.yx * x - view.yy * y};
}

// What one thread bends images with.
class Bender {
 public:
  explicit Bender(ImageSize size)
      : size_(size),
        padded_(static_cast<std::size_t>(warp::padded_size(size))),
        packed_(static_cast<std::size_t>(warp::packed_size(size))),
        displacement_(static_cast<std::size_t>(2 * size.width)),
        row_(static_cast<std::size_t>(size.width)) {}

  void bend(const std::uint8_t* channel, const View& view, std::uint8_t* to) {
    warp::pad(channel, size_, padded_.data());
    warp::pack_squares(padded_.data(), size_, packed_.data());
    const warp::AffineMap map = centered(view, size_);
    for (std::int64_t y = 0; y < size_.height; ++y) {
      warp::sample_row(packed_.data(), size_, map, y, displacement_.data(), {}, row_.data());
      for (const float value : row_) *to++ = static_cast<std::uint8_t>(std::lround(value));
    }
  }

 private:
  ImageSize size_;
  std::vector<std::uint8_t> padded_;
  std::vector<std::uint32_t> packed_;
  std::vector<float> displacement_;
  std::vector<float> row_;
};

// The images [begin, end) as they are and in each view: [V·N, C, H, W], the N of one view side by
// side.
Tensor views_of(const Tensor& images, std::int64_t begin, std::int64_t end) {
  const Shape& shape = images.shape();
  const ImageSize size{shape[2], shape[3]};
  const std::int64_t area = size.height * size.width;
  const std::int64_t channels = (end - begin) * shape[1];
  Tensor views(shape.without_batch().with_batch(Recognizer::kNumViews * (end - begin)), DType::kU8);
  const std::uint8_t* from = images.as<std::uint8_t>().data() + begin * shape[1] * area;
  std::uint8_t* to = views.as<std::uint8_t>().data();
  std::copy_n(from, channels * area, to);
  // One for each part; made here, as the parts must not throw.
  std::vector<Bender> benders(static_cast<std::size_t>(num_parallel_parts(channels, kViewsGrain)),
                              Bender(size));
  std::atomic<std::size_t> next_bender = 0;
  parallel_for(channels, kViewsGrain, [&](std::int64_t first, std::int64_t last) {
    Bender& bender = benders[next_bender++];
    for (std::int64_t i = first; i < last; ++i)
      for (std::size_t v = 0; v < kViews.size(); ++v)
        bender.bend(from + i * area, kViews[v],
                    to + (static_cast<std::int64_t>(v + 1) * channels + i) * area);
  });
  return views;
}

}  // namespace

Recognizer::Recognizer(const Network& network, Preprocessing preprocessing, double temperature,
                       std::int64_t batch_size)
    : predictor_(network, preprocessing, batch_size), temperature_(temperature) {}

Recognition Recognizer::recognize(const Tensor& images) {
  if (images.shape().rank() != 4)
    throw Error(ErrorCode::kShapeMismatch, "want images [N, C, H, W], got {}",
                images.shape().to_string());
  const std::int64_t num_images = images.shape()[0];
  Recognition result;
  for (std::int64_t begin = 0; begin < num_images; begin += kImagesAtOnce)
    recognize_some(images, begin, std::min(num_images, begin + kImagesAtOnce), result);
  return result;
}

void Recognizer::recognize_some(const Tensor& images, std::int64_t begin, std::int64_t end,
                                Recognition& result) {
  Tensor seen = predictor_.logits(views_of(images, begin, end));
  softmax_rows(seen, temperature_);
  const auto num_classes = static_cast<std::size_t>(seen.shape()[1]);
  if (result.probabilities.empty())
    result.probabilities = Tensor({images.shape()[0], seen.shape()[1]}, DType::kF32);
  const auto count = static_cast<std::size_t>(end - begin);
  const auto probabilities = seen.as<float>();
  std::copy_n(
      probabilities.begin(), count * num_classes,
      result.probabilities.as<float>().begin() + begin * static_cast<std::int64_t>(num_classes));
  for (std::size_t i = 0; i < count; ++i) {
    const auto row = probabilities.subspan(i * num_classes, num_classes);
    const auto label = static_cast<std::size_t>(std::ranges::max_element(row) - row.begin());
    double sum = 0;
    for (std::size_t v = 0; v < static_cast<std::size_t>(kNumViews); ++v)
      sum += static_cast<double>(probabilities[(v * count + i) * num_classes + label]);
    result.scores.push_back(sum / static_cast<double>(kNumViews));
  }
}

double fit_refusal_threshold(std::vector<double> scores) {
  if (scores.size() < kFewestScores) return kDefaultRefusalThreshold;
  const auto place = scores.begin() + static_cast<std::ptrdiff_t>(
                                          kRefusedShare * static_cast<double>(scores.size()));
  std::nth_element(scores.begin(), place, scores.end());
  return *place;
}

}  // namespace digitry
