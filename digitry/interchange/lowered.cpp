#include "digitry/interchange/lowered.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "digitry/base/error.h"

namespace digitry {
namespace {

using Kind = LoweredStep::Kind;

std::int64_t integer(const Attributes& options, const char* key) {
  return std::get<std::int64_t>(options.at(key));
}

// Lowers layer by layer. `values_[i]` is the lowered value that is the input of layer i.
class Lowering {
 public:
  explicit Lowering(const Network& network) : network_(network), shape_(network.input_shape()) {
    result_.input_shape = shape_;
  }

  LoweredNetwork run() && {
    const std::vector<Attributes> options = network_.layer_attributes();
    for (index_ = 0; index_ < options.size(); ++index_) {
      const Layer& layer = *network_.layers()[index_];
      values_.push_back(current());
      // What a later residual connection reads must not be changed by fusion.
      is_skipped_ = is_read_later();
      add_layer(layer.type(), options[index_]);
      shape_ = layer.output_shape(shape_);
      // A layer that became part of a step, or of none, keeps that step's shape, but for pooling.
      if (current() > values_.back() || layer.type() == "max_pool2d")
        result_.steps.back().output_shape = shape_;
      result_.multiply_adds += layer.multiply_adds(inputs_shape_);
    }
    return std::move(result_);
  }

 private:
  std::size_t current() const { return result_.steps.size(); }

  // Whether a residual connection reads the input of this layer.
  bool is_read_later() const {
    for (std::size_t later = index_; later < network_.layers().size(); ++later) {
      const auto back = static_cast<std::size_t>(network_.layers()[later]->layers_back());
      if (back > 0 && later - back == index_) return true;
    }
    return false;
  }

  // The step before this layer, if this layer may become part of it.
  LoweredStep* fusable(Kind kind) {
    if (result_.steps.empty() || is_skipped_) return nullptr;
    LoweredStep& step = result_.steps.back();
    return step.kind == kind && step.output_shape == shape_ ? &step : nullptr;
  }

  LoweredStep& add(Kind kind) {
    LoweredStep step;
    step.kind = kind;
    step.label = fmt::format("{} {}", index_, network_.layers()[index_]->type());
    step.input = current();
    step.input_shape = shape_;
    result_.steps.push_back(std::move(step));
    return result_.steps.back();
  }

  std::vector<float> parameter(const char* name) const {
    const std::string full = fmt::format("{}.{}", index_, name);
    for (const Parameter& parameter : network_.parameters())
      if (parameter.name == full) {
        const auto values = parameter.value.as<float>();
        return {values.begin(), values.end()};
      }
    return {};
  }

  void add_weighted(Kind kind, std::int64_t outputs) {
    LoweredStep& step = add(kind);
    step.weight = parameter("weight");
    step.bias = parameter("bias");
    step.bias.resize(static_cast<std::size_t>(outputs));
  }

  void add_window(Kind kind, const Attributes& options) {
    LoweredStep& step = add(kind);
    step.kernel_size = integer(options, "kernel_size");
    step.stride = integer(options, "stride");
    step.padding = integer(options, "padding");
  }

  void add_max_pool(const Attributes& options) {
    LoweredStep* conv = fusable(Kind::kConv2d);
    const std::int64_t size = integer(options, "kernel_size"), stride = integer(options, "stride");
    if (conv == nullptr || conv->pool_size > 1 || stride < size || integer(options, "padding") > 0)
      return add_window(Kind::kMaxPool2d, options);
    conv->pool_size = size;
    conv->pool_stride = stride;
  }

  void add_relu() {
    // A ReLU after the maximum is one before it.
    LoweredStep* step = fusable(Kind::kConv2d);
    if (step == nullptr) step = fusable(Kind::kDense);
    if (step == nullptr) step = &add(Kind::kLeakyRelu);
    step->relu = true;
  }

  // y = factor[c] · x + shift[c]
  void add_batch_norm(const Attributes& options) {
    const std::vector<float> weight = parameter("weight"), bias = parameter("bias"),
                             mean = parameter("running_mean"), variance = parameter("running_var");
    const auto epsilon = static_cast<float>(std::get<double>(options.at("epsilon")));
    std::vector<float> factor(weight.size()), shift(weight.size());
    for (std::size_t c = 0; c < weight.size(); ++c) {
      factor[c] = weight[c] / std::sqrt(variance[c] + epsilon);
      shift[c] = bias[c] - mean[c] * factor[c];
    }
    LoweredStep* step = fusable(Kind::kConv2d);
    if (step == nullptr) step = fusable(Kind::kDense);
    if (step == nullptr || step->relu || step->pool_size > 1) {
      step = &add(Kind::kConv2d);
      step->groups = shape_[0];
      step->weight = std::move(factor);
      step->bias = std::move(shift);
      // A dense layer's features are channels of one pixel.
      if (shape_.rank() == 1) step->input_shape = {shape_[0], 1, 1};
      return;
    }
    const std::size_t row = step->weight.size() / factor.size();
    for (std::size_t c = 0; c < factor.size(); ++c) {
      for (std::size_t i = 0; i < row; ++i) step->weight[c * row + i] *= factor[c];
      step->bias[c] = step->bias[c] * factor[c] + shift[c];
    }
  }

  void add_layer(const std::string& type, const Attributes& options) {
    inputs_shape_ = shape_;
    if (type == "dropout" || type == "spatial_dropout" || type == "flatten") return;
    if (type == "dense") return add_weighted(Kind::kDense, integer(options, "out_features"));
    if (type == "conv2d") {
      add_weighted(Kind::kConv2d, integer(options, "out_channels"));
      LoweredStep& step = result_.steps.back();
      step.kernel_size = integer(options, "kernel_size");
      step.stride = integer(options, "stride");
      step.padding = integer(options, "padding");
      step.groups = integer(options, "groups");
      return;
    }
    if (type == "batch_norm") return add_batch_norm(options);
    if (type == "relu") return add_relu();
    if (type == "max_pool2d") return add_max_pool(options);
    if (type == "avg_pool2d") return add_window(Kind::kAvgPool2d, options);
    if (type == "global_avg_pool2d" && shape_[1] == shape_[2]) {
      add(Kind::kAvgPool2d).kernel_size = shape_[1];
      return;
    }
    if (type == "leaky_relu") {
      add(Kind::kLeakyRelu).slope =
          static_cast<float>(std::get<double>(options.at("negative_slope")));
      return;
    }
    if (type == "crop2d") {
      add(Kind::kCrop2d).padding = integer(options, "border");
      return;
    }
    if (type == "add") {
      LoweredStep& step = add(Kind::kAdd);
      step.second = values_[index_ - static_cast<std::size_t>(integer(options, "layers_back"))];
      return;
    }
    throw Error(ErrorCode::kInvalidArgument,
                "C source: layers[{}]: cannot export a layer of type '{}' of {}; expected dense, "
                "conv2d, batch_norm, relu, leaky_relu, pooling of squares, crop2d, add, flatten or "
                "dropout",
                index_, type, shape_.to_string());
  }

  const Network& network_;
  LoweredNetwork result_;
  std::vector<std::size_t> values_;
  std::size_t index_ = 0;
  bool is_skipped_ = false;
  Shape shape_, inputs_shape_;
};

float activated(float value, const LoweredStep& step) {
  return step.relu && value < 0 ? 0.0F : value;
}

void run_dense(const LoweredStep& step, const std::vector<float>& in, std::vector<float>& out) {
  out = step.bias;
  const std::size_t row = step.weight.size() / out.size();
  for (std::size_t o = 0; o < out.size(); ++o) {
    for (std::size_t i = 0; i < row; ++i) out[o] += step.weight[o * row + i] * in[i];
    out[o] = activated(out[o], step);
  }
}

// The sum of one output pixel before the activation.
float convolved(const LoweredStep& step, const float* in, std::int64_t channel, std::int64_t y,
                std::int64_t x) {
  const auto [channels, height, width] = extents_of(step.input_shape);
  const std::int64_t k = step.kernel_size, group = channels / step.groups;
  const std::int64_t outputs = std::ssize(step.bias) / step.groups;
  const std::int64_t first = channel / outputs * group;
  const float* weight = step.weight.data() + channel * group * k * k;
  float sum = step.bias[static_cast<std::size_t>(channel)];
  for (std::int64_t c = 0; c < group; ++c)
    for (std::int64_t ky = 0; ky < k; ++ky)
      for (std::int64_t kx = 0; kx < k; ++kx, ++weight) {
        const std::int64_t iy = y * step.stride + ky - step.padding;
        const std::int64_t ix = x * step.stride + kx - step.padding;
        if (iy >= 0 && iy < height && ix >= 0 && ix < width)
          sum += *weight * in[((first + c) * height + iy) * width + ix];
      }
  return sum;
}

void run_conv(const LoweredStep& step, const std::vector<float>& in, std::vector<float>& out) {
  const auto [channels, height, width] = extents_of(step.output_shape);
  std::size_t at = 0;
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x) {
        float most = -INFINITY;
        for (std::int64_t py = 0; py < step.pool_size; ++py)
          for (std::int64_t px = 0; px < step.pool_size; ++px)
            most = std::max(most, convolved(step, in.data(), c, y * step.pool_stride + py,
                                            x * step.pool_stride + px));
        out[at++] = activated(most, step);
      }
}

void run_pool(const LoweredStep& step, const std::vector<float>& in, std::vector<float>& out) {
  const auto [channels, height, width] = extents_of(step.input_shape);
  const auto [out_channels, rows, columns] = extents_of(step.output_shape);
  std::size_t at = 0;
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t y = 0; y < rows; ++y)
      for (std::int64_t x = 0; x < columns; ++x) {
        float most = -INFINITY, sum = 0;
        float count = 0;
        for (std::int64_t iy = y * step.stride - step.padding, ky = 0; ky < step.kernel_size;
             ++ky, ++iy)
          for (std::int64_t ix = x * step.stride - step.padding, kx = 0; kx < step.kernel_size;
               ++kx, ++ix)
            if (iy >= 0 && iy < height && ix >= 0 && ix < width) {
              const float value = in[static_cast<std::size_t>((c * height + iy) * width + ix)];
              most = std::max(most, value);
              sum += value;
              ++count;
            }
        out[at++] = step.kind == Kind::kMaxPool2d ? most : sum / count;
      }
}

void run_crop(const LoweredStep& step, const std::vector<float>& in, std::vector<float>& out) {
  const auto [channels, height, width] = extents_of(step.input_shape);
  std::size_t at = 0;
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t y = step.padding; y < height - step.padding; ++y)
      for (std::int64_t x = step.padding; x < width - step.padding; ++x)
        out[at++] = in[static_cast<std::size_t>((c * height + y) * width + x)];
}

}  // namespace

Extents extents_of(const Shape& shape) {
  if (shape.rank() == 1) return {shape[0], 1, 1};
  return {shape[0], shape[1], shape[2]};
}

LoweredNetwork lower(const Model& model) {
  check_usable(model);
  if (model.members.size() != 1)
    throw Error(ErrorCode::kInvalidArgument,
                "C source: expected a model of one network, got {} networks; export one of them",
                model.members.size());
  return Lowering(model.members.front().network).run();
}

std::vector<std::vector<float>> run_steps(const LoweredNetwork& network,
                                          std::span<const float> input) {
  std::vector<std::vector<float>> values{{input.begin(), input.end()}};
  for (const LoweredStep& step : network.steps) {
    std::vector<float> out(static_cast<std::size_t>(step.output_shape.num_elements()));
    const std::vector<float>& in = values[step.input];
    switch (step.kind) {
      case Kind::kDense:
        run_dense(step, in, out);
        break;
      case Kind::kConv2d:
        run_conv(step, in, out);
        break;
      case Kind::kMaxPool2d:
      case Kind::kAvgPool2d:
        run_pool(step, in, out);
        break;
      case Kind::kLeakyRelu:
        std::ranges::transform(in, out.begin(),
                               [&](float x) { return x < 0 ? step.slope * x : x; });
        break;
      case Kind::kAdd:
        std::ranges::transform(in, values[step.second], out.begin(), std::plus<>());
        break;
      case Kind::kCrop2d:
        run_crop(step, in, out);
        break;
    }
    values.push_back(std::move(out));
  }
  return values;
}

MemoryPlan plan_memory(const LoweredNetwork& network) {
  struct Placed {
    std::int64_t begin, end;
    std::size_t last_use;
  };
  const std::size_t count = network.steps.size() + 1;
  std::vector<std::size_t> last_use(count, count);  // Of the logits: after the end.
  for (std::size_t i = 0; i + 1 < count; ++i) last_use[i] = i;
  for (std::size_t i = 0; i < network.steps.size(); ++i) {
    const LoweredStep& step = network.steps[i];
    for (const std::size_t value :
         {step.input, step.kind == LoweredStep::Kind::kAdd ? step.second : step.input})
      last_use[value] = std::max(last_use[value], i);
  }
  MemoryPlan plan;
  std::vector<Placed> placed;
  for (std::size_t value = 0; value < count; ++value) {
    const std::int64_t size = value == 0 ? network.input_shape.num_elements()
                                         : network.steps[value - 1].output_shape.num_elements();
    // The first gap that is large enough between values that are still needed by the step that
    // makes this one.
    std::erase_if(placed,
                  [&](const Placed& other) { return value > 0 && other.last_use + 1 < value; });
    std::ranges::sort(placed, {}, &Placed::begin);
    std::int64_t begin = 0;
    for (const Placed& other : placed) {
      if (other.begin - begin >= size) break;
      begin = std::max(begin, other.end);
    }
    placed.push_back({begin, begin + size, last_use[value]});
    plan.offsets.push_back(begin);
    plan.size = std::max(plan.size, begin + size);
  }
  return plan;
}

}  // namespace digitry
