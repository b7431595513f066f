#include "digitry/interchange/quantized.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/parallel.h"

namespace digitry {
namespace {

using Kind = LoweredStep::Kind;

bool has_weights(const LoweredStep& step) {
  return step.kind == Kind::kConv2d || step.kind == Kind::kDense;
}

void check_has_integer_form(const LoweredStep& step) {
  const bool known = has_weights(step) || step.kind == Kind::kMaxPool2d ||
                     step.kind == Kind::kCrop2d || (step.kind == Kind::kLeakyRelu && step.relu) ||
                     (step.kind == Kind::kAvgPool2d && step.padding == 0);
  if (!known)
    throw Error(ErrorCode::kInvalidArgument,
                "int8: layer {}: expected dense, conv2d, batch_norm, relu, max_pool2d, avg_pool2d "
                "without padding, crop2d, flatten or dropout; export it as float",
                step.label);
}

struct Range {
  float low = 0, high = 0;  // With 0, which must have an exact value.

  void include(float value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

Quantization quantization_of(const Range& range) {
  if (!(range.high > range.low)) return {};
  const float scale = (range.high - range.low) / 255;
  const auto zero = static_cast<std::int32_t>(std::lround(-128 - range.low / scale));
  return {scale, std::clamp(zero, -128, 127)};
}

FixedPointFactor fixed_point(double factor) {
  int exponent = 0;
  const double fraction = std::frexp(factor, &exponent);  // In [0.5, 1).
  auto multiplier = static_cast<std::int64_t>(std::llround(fraction * 0x1p31));
  if (multiplier == std::int64_t{1} << 31) {
    multiplier /= 2;
    ++exponent;
  }
  // A shift of 62 or more leaves nothing of a 32-bit sum.
  const int shift = 31 - exponent;
  if (shift > 62) return {0, 62};
  return {static_cast<std::int32_t>(multiplier), std::max(shift, 1)};
}

std::int8_t clamped(std::int64_t value) {
  return static_cast<std::int8_t>(std::clamp<std::int64_t>(value, -128, 127));
}

// round(acc · factor): halves up.
std::int64_t scaled(std::int32_t acc, const FixedPointFactor& factor) {
  const std::int64_t product = std::int64_t{acc} * factor.multiplier;
  return (product + (std::int64_t{1} << (factor.shift - 1))) >> factor.shift;
}

std::int8_t requantized(const LoweredStep& step, const FixedPointFactor& factor,
                        std::int32_t zero_point, std::int32_t acc) {
  const std::int8_t value = clamped(zero_point + scaled(acc, factor));
  return step.relu ? std::max(value, static_cast<std::int8_t>(zero_point)) : value;
}

QuantizedStep quantize_weights(const LoweredStep& step, const Quantization& input,
                               const Quantization& output, bool one_scale) {
  const std::size_t channels = step.bias.size(), row = step.weight.size() / channels;
  const std::int64_t farthest =
      std::max(std::abs(-128 - input.zero_point), std::abs(127 - input.zero_point));
  if (static_cast<std::int64_t>(row) * 127 * farthest >= std::int64_t{1} << 30)
    throw Error(ErrorCode::kInvalidArgument,
                "int8: layer {}: a sum of {} products may exceed 32 bits; export it as float",
                step.label, row);
  QuantizedStep result;
  const auto largest = [&](std::size_t first, std::size_t count) {
    float most = 0;
    for (std::size_t i = first; i < first + count; ++i)
      most = std::max(most, std::fabs(step.weight[i]));
    return most > 0 ? most / 127 : 1.0F / 127;
  };
  for (std::size_t c = 0; c < channels; ++c) {
    const float scale = one_scale ? largest(0, step.weight.size()) : largest(c * row, row);
    for (std::size_t i = c * row; i < (c + 1) * row; ++i)
      result.weight.push_back(
          static_cast<std::int8_t>(std::clamp(std::lround(step.weight[i] / scale), -127L, 127L)));
    const double sum_scale = static_cast<double>(input.scale) * static_cast<double>(scale);
    const double bias =
        std::clamp(std::round(static_cast<double>(step.bias[c]) / sum_scale), -0x1p30, 0x1p30);
    result.bias.push_back(static_cast<std::int32_t>(bias));
    if (c == 0 || !one_scale)
      result.factors.push_back(fixed_point(sum_scale / static_cast<double>(output.scale)));
  }
  return result;
}

// What one step reads and writes.
struct StepRun {
  const LoweredStep& step;
  const QuantizedStep& integers;
  Quantization input, output;
  const std::vector<std::int8_t>& in;
  std::vector<std::int8_t>& out;

  const FixedPointFactor& factor(std::int64_t channel) const {
    return integers.factors[integers.factors.size() == 1 ? 0 : static_cast<std::size_t>(channel)];
  }
};

std::int32_t convolved(const StepRun& run, std::int64_t channel, std::int64_t y, std::int64_t x) {
  const LoweredStep& step = run.step;
  const auto [channels, height, width] = extents_of(step.input_shape);
  const std::int64_t k = step.kernel_size, group = channels / step.groups;
  const std::int64_t first = channel / (std::ssize(step.bias) / step.groups) * group;
  const std::int8_t* weight = run.integers.weight.data() + channel * group * k * k;
  std::int32_t sum = run.integers.bias[static_cast<std::size_t>(channel)];
  for (std::int64_t c = 0; c < group; ++c)
    for (std::int64_t ky = 0; ky < k; ++ky)
      for (std::int64_t kx = 0; kx < k; ++kx, ++weight) {
        const std::int64_t iy = y * step.stride + ky - step.padding;
        const std::int64_t ix = x * step.stride + kx - step.padding;
        if (iy >= 0 && iy < height && ix >= 0 && ix < width)
          sum += *weight *
                 (run.in[static_cast<std::size_t>(((first + c) * height + iy) * width + ix)] -
                  run.input.zero_point);
      }
  return sum;
}

// The sums of a dense layer are returned: those of the last one decide the label.
std::vector<std::int32_t> run_dense(const StepRun& run) {
  std::vector<std::int32_t> sums = run.integers.bias;
  const std::size_t row = run.integers.weight.size() / sums.size();
  for (std::size_t o = 0; o < sums.size(); ++o) {
    for (std::size_t i = 0; i < row; ++i)
      sums[o] += run.integers.weight[o * row + i] * (run.in[i] - run.input.zero_point);
    run.out[o] = requantized(run.step, run.factor(static_cast<std::int64_t>(o)),
                             run.output.zero_point, sums[o]);
  }
  return sums;
}

void run_conv(const StepRun& run) {
  const LoweredStep& step = run.step;
  const auto [channels, height, width] = extents_of(step.output_shape);
  std::size_t at = 0;
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x) {
        std::int32_t most = std::numeric_limits<std::int32_t>::min();
        for (std::int64_t py = 0; py < step.pool_size; ++py)
          for (std::int64_t px = 0; px < step.pool_size; ++px)
            most = std::max(
                most, convolved(run, c, y * step.pool_stride + py, x * step.pool_stride + px));
        run.out[at++] = requantized(step, run.factor(c), run.output.zero_point, most);
      }
}

// A mean is rounded, halves away from zero.
void run_pool(const StepRun& run) {
  const LoweredStep& step = run.step;
  const auto [channels, height, width] = extents_of(step.input_shape);
  const auto [out_channels, rows, columns] = extents_of(step.output_shape);
  std::size_t at = 0;
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t y = 0; y < rows; ++y)
      for (std::int64_t x = 0; x < columns; ++x) {
        std::int32_t most = -128, sum = 0, count = 0;
        for (std::int64_t ky = 0; ky < step.kernel_size; ++ky)
          for (std::int64_t kx = 0; kx < step.kernel_size; ++kx) {
            const std::int64_t iy = y * step.stride - step.padding + ky;
            const std::int64_t ix = x * step.stride - step.padding + kx;
            if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
            const auto from = static_cast<std::size_t>((c * height + iy) * width + ix);
            most = std::max<std::int32_t>(most, run.in[from]);
            sum += run.in[from];
            ++count;
          }
        const std::int32_t mean = (sum >= 0 ? sum + count / 2 : sum - count / 2) / count;
        run.out[at++] = static_cast<std::int8_t>(step.kind == Kind::kMaxPool2d ? most : mean);
      }
}

void run_crop(const StepRun& run) {
  const auto [channels, height, width] = extents_of(run.step.input_shape);
  const std::int64_t border = run.step.padding;
  std::size_t at = 0;
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t y = border; y < height - border; ++y)
      for (std::int64_t x = border; x < width - border; ++x)
        run.out[at++] = run.in[static_cast<std::size_t>((c * height + y) * width + x)];
}

std::vector<Range> ranges_of(const Model& model, const LoweredNetwork& network,
                             const Tensor& images) {
  std::vector<Range> ranges(network.steps.size() + 1);
  std::mutex mutex;
  const auto pixels = images.as<std::uint8_t>();
  const auto size = static_cast<std::size_t>(network.input_shape.num_elements());
  parallel_for(images.shape()[0], 1, [&](std::int64_t begin, std::int64_t end) {
    std::vector<Range> seen(ranges.size());
    std::vector<float> input(size);
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      std::ranges::transform(pixels.subspan(i * size, size), input.begin(),
                             [&](std::uint8_t pixel) {
                               return static_cast<float>(pixel) * model.preprocessing.pixel_scale +
                                      model.preprocessing.pixel_offset;
                             });
      const std::vector<std::vector<float>> values = run_steps(network, input);
      for (std::size_t v = 0; v < values.size(); ++v)
        for (const float value : values[v]) seen[v].include(value);
    }
    const std::lock_guard lock(mutex);
    for (std::size_t v = 0; v < ranges.size(); ++v) {
      ranges[v].include(seen[v].low);
      ranges[v].include(seen[v].high);
    }
  });
  return ranges;
}

// An input is pixel + pixel_offset: with the scale of the pixels, no multiplication is needed.
Quantization input_quantization(const Preprocessing& preprocessing, std::int32_t& pixel_offset) {
  if (!(preprocessing.pixel_scale > 0))
    throw Error(ErrorCode::kInvalidArgument,
                "int8: expected pixels that are scaled by more than 0, got {}",
                static_cast<double>(preprocessing.pixel_scale));
  pixel_offset = -128;
  const float shift = preprocessing.pixel_offset / preprocessing.pixel_scale;
  if (!(std::fabs(shift) < 1e6F))
    throw Error(ErrorCode::kInvalidArgument,
                "int8: pixels: offset {} is too large for the scale {}",
                static_cast<double>(preprocessing.pixel_offset),
                static_cast<double>(preprocessing.pixel_scale));
  return {preprocessing.pixel_scale, static_cast<std::int32_t>(std::lround(-128 - shift))};
}

}  // namespace

QuantizedNetwork quantize(const Model& model, const Tensor& images) {
  QuantizedNetwork result;
  result.network = lower(model);
  const LoweredNetwork& network = result.network;
  for (const LoweredStep& step : network.steps) check_has_integer_form(step);
  if (images.shape().rank() != 4 || images.shape().without_batch() != network.input_shape)
    throw Error(ErrorCode::kShapeMismatch, "int8: expected images [N] of {}, got {}",
                network.input_shape.to_string(), images.shape().to_string());
  if (images.shape()[0] < 1)
    throw Error(ErrorCode::kInvalidArgument, "int8: expected training images, got none");
  const std::vector<Range> ranges = ranges_of(model, network, images);
  result.values.push_back(input_quantization(model.preprocessing, result.pixel_offset));
  for (std::size_t i = 0; i < network.steps.size(); ++i) {
    const LoweredStep& step = network.steps[i];
    const Quantization input = result.values[step.input];
    const bool last = i + 1 == network.steps.size();
    result.values.push_back(has_weights(step) ? quantization_of(ranges[i + 1]) : input);
    result.steps.push_back(has_weights(step)
                               ? quantize_weights(step, input, result.values.back(), last)
                               : QuantizedStep());
  }
  return result;
}

QuantizedAnswer classify(const QuantizedNetwork& network, std::span<const std::uint8_t> pixels) {
  std::vector<std::vector<std::int8_t>> values(1);
  for (const std::uint8_t pixel : pixels)
    values[0].push_back(clamped(std::int64_t{pixel} + network.pixel_offset));
  std::vector<std::int32_t> sums;
  for (std::size_t i = 0; i < network.steps.size(); ++i) {
    const LoweredStep& step = network.network.steps[i];
    std::vector<std::int8_t> out(static_cast<std::size_t>(step.output_shape.num_elements()));
    const StepRun run{step,
                      network.steps[i],
                      network.values[step.input],
                      network.values[i + 1],
                      values[step.input],
                      out};
    switch (step.kind) {
      case Kind::kDense:
        sums = run_dense(run);
        break;
      case Kind::kConv2d:
        run_conv(run);
        break;
      case Kind::kMaxPool2d:
      case Kind::kAvgPool2d:
        run_pool(run);
        break;
      case Kind::kCrop2d:
        run_crop(run);
        break;
      case Kind::kLeakyRelu:  // A ReLU by itself.
        std::ranges::transform(run.in, out.begin(), [&](std::int8_t value) {
          return static_cast<std::int8_t>(std::max<std::int32_t>(value, run.input.zero_point));
        });
        break;
      case Kind::kAdd:
        break;  // `quantize` has rejected it.
    }
    values.push_back(std::move(out));
  }
  QuantizedAnswer answer;
  answer.scores = std::move(values.back());
  // If the last layer is dense, its sums are finer than the scores.
  answer.label = static_cast<std::int32_t>(network.network.steps.back().kind == Kind::kDense
                                               ? std::ranges::max_element(sums) - sums.begin()
                                               : std::ranges::max_element(answer.scores) -
                                                     answer.scores.begin());
  return answer;
}

}  // namespace digitry
