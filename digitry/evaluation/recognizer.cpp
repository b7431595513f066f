#include "digitry/evaluation/recognizer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/parallel.h"
#include "digitry/evaluation/evaluate.h"
#include "digitry/image/warp.h"

namespace digitry {
namespace {

constexpr std::int64_t kPlanesAThread = 16;
constexpr std::int64_t kImagesBentAtOnce = 512;

// Where what a bent image shows comes from; ±12° are 0.978 and 0.208.
constexpr std::array<warp::LinearMap, kNumBends> kBends = {{
    {1, 0, 0, 1},
    {0.978, 0.208, -0.208, 0.978},
    {0.978, -0.208, 0.208, 0.978},
    {1, 0.25, 0, 1},
    {1, -0.25, 0, 1},
    {1.2, 0, 0, 1},
    {1, 0, 0, 1.2},
}};

// [kNumBends · N, C, H, W], the N of one bend side by side.
Tensor bent(const Tensor& images) {
  const Shape& shape = images.shape();
  const ImageSize size{shape[2], shape[3]};
  const std::int64_t area = size.height * size.width;
  const std::int64_t planes = shape[0] * shape[1];
  Tensor all(shape.without_batch().with_batch(kNumBends * shape[0]), DType::kU8);
  const std::uint8_t* from = images.as<std::uint8_t>().data();
  std::uint8_t* to = all.as<std::uint8_t>().data();
  parallel_for_with(
      planes, kPlanesAThread, [&] { return RoundingWarper(size); },
      [&](RoundingWarper& warper, std::int64_t begin, std::int64_t end) {
        for (std::int64_t plane = begin; plane < end; ++plane)
          for (std::size_t bend = 0; bend < kBends.size(); ++bend)
            warper.warp(from + plane * area, warp::about_center(size, kBends[bend]),
                        to + (static_cast<std::int64_t>(bend) * planes + plane) * area);
      });
  return all;
}

// The mean over the bends, rows of `probabilities`, of what the class of the first has.
double mean_of_class(std::span<const float> probabilities, std::size_t num_classes,
                     std::size_t num_images, std::size_t image) {
  const auto row = probabilities.subspan(image * num_classes, num_classes);
  const auto label = static_cast<std::size_t>(std::ranges::max_element(row) - row.begin());
  double sum = 0;
  for (std::size_t bend = 0; bend < kBends.size(); ++bend)
    sum += static_cast<double>(probabilities[(bend * num_images + image) * num_classes + label]);
  return sum / static_cast<double>(kNumBends);
}

// `images` are `result`'s from row `begin` on.
void recognize_some(const LogitsOf& logits_of, double temperature, const Tensor& images,
                    std::int64_t begin, std::int64_t num_images, Recognition& result) {
  std::vector<std::int32_t> all(static_cast<std::size_t>(kNumBends * images.shape()[0]));
  std::iota(all.begin(), all.end(), 0);
  Tensor seen = logits_of(bent(images), all);
  softmax_rows(seen, temperature);
  const auto num_classes = static_cast<std::size_t>(seen.shape()[1]);
  if (result.probabilities.empty())
    result.probabilities = Tensor({num_images, seen.shape()[1]}, DType::kF32);
  const auto count = static_cast<std::size_t>(images.shape()[0]);
  const std::span<const float> probabilities = std::as_const(seen).as<float>();
  std::ranges::copy(
      probabilities.first(count * num_classes),
      result.probabilities.as<float>().begin() + begin * static_cast<std::int64_t>(num_classes));
  for (std::size_t i = 0; i < count; ++i)
    result.agreement.push_back(mean_of_class(probabilities, num_classes, count, i));
}

}  // namespace

Recognition recognize(const LogitsOf& logits_of, double temperature, const Tensor& images) {
  if (images.shape().rank() != 4)
    throw Error(ErrorCode::kShapeMismatch, "expected images [N, C, H, W], got {}",
                images.shape().to_string());
  const std::int64_t num_images = images.shape()[0];
  Recognition result;
  for (std::int64_t begin = 0; begin < num_images; begin += kImagesBentAtOnce) {
    std::vector<std::int32_t> some(
        static_cast<std::size_t>(std::min(kImagesBentAtOnce, num_images - begin)));
    std::iota(some.begin(), some.end(), static_cast<std::int32_t>(begin));
    recognize_some(logits_of, temperature, images.take(some), begin, num_images, result);
  }
  return result;
}

}  // namespace digitry
