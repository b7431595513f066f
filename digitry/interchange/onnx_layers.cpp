#include "digitry/interchange/onnx_layers.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/interchange/onnx_shapes.h"
#include "digitry/nn/layer.h"
#include "digitry/nn/layers.h"

namespace digitry::onnx {
namespace {

// Adds a layer per node.
class Importer : ValueTracker {
 public:
  Importer(const Chain& chain, const std::string& source) : ValueTracker(chain, source) {}

  ImportedLayers run() && {
    read_input();
    for (const NodeReader& node : chain_.nodes) {
      node_ = &node;
      add(node.type());
    }
    if (result_.options.empty()) fail("expected layers, found none");
    if (shape_.rank() != 1 || !order_.empty())
      fail(format_message("expected one logit per class at the end, got {}", shape_.to_string()));
    result_.num_classes = shape_[0];
    return std::move(result_);
  }

 private:
  void add_layer(const Attributes& options) {
    if (is_scaled_) fail("expected no layer after a scaling of the logits");
    if (is_finished_) fail("expected no layer after the softmax");
    try {
      shape_ = make_layer(options, 0, "layer")->output_shape(shape_);
    } catch (const Error& error) {
      fail(error.what());
    }
    result_.options.push_back(options);
    bias_.reset();
  }

  // Of the layer that was added last.
  void add_parameter(const std::string& name, const Shape& shape,
                     const std::vector<float>& values) {
    if (std::ssize(values) != shape.num_elements())
      fail(format_message("{}: expected {} values, got {}", name, shape.num_elements(),
                          values.size()));
    if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); }))
      fail(name + ": expected finite values");
    Tensor tensor(shape, DType::kF32);
    std::ranges::copy(values, tensor.as<float>().begin());
    result_.parameters.push_back(
        {format_message("{}.{}", result_.options.size() - 1, name), std::move(tensor)});
  }

  // The flatten that a dense layer needs, and the values of features in Digitry's order.
  void flatten() {
    if (extents_.size() != 1)
      fail(format_message(
          "expected one row of features per image, got {} dimensions; flatten before",
          extents_.size()));
    if (shape_.rank() != 1) add_layer(Flatten{});
  }

  void set_from_shape() { extents_ = shape_.extents(); }

  void add_dense(const std::vector<float>& weight, std::int64_t inputs, std::int64_t outputs,
                 bool by_input, const std::vector<float>& bias) {
    flatten();
    if (inputs != shape_[0])
      fail(format_message("expected weights for {} features, got {}", shape_[0], inputs));
    std::vector<float> sorted(weight.size());
    for (std::int64_t i = 0; i < inputs; ++i) {
      const auto at = order_.empty() ? i : order_[static_cast<std::size_t>(i)];
      for (std::int64_t o = 0; o < outputs; ++o)
        sorted[static_cast<std::size_t>(o * inputs + at)] =
            weight[static_cast<std::size_t>(by_input ? i * outputs + o : o * inputs + i)];
    }
    order_.clear();
    add_layer(Dense{.out_features = outputs});
    add_parameter("weight", {outputs, inputs}, sorted);
    add_parameter(
        "bias", {outputs},
        bias.size() == 1 ? std::vector<float>(static_cast<std::size_t>(outputs), bias[0]) : bias);
    bias_ = result_.parameters.size() - 1;
    set_from_shape();
  }

  void add_matmul() {
    if (!node_->is_constant(1)) fail("expected constant weights as its second input");
    const Extents& extents = node_->constant(1).extents;
    if (extents.size() != 2) fail("expected weights of two dimensions");
    add_dense(node_->floats(1), extents[0], extents[1], true,
              std::vector<float>(static_cast<std::size_t>(extents[1])));
  }

  void add_gemm() {
    if (node_->number("alpha", 1) != 1 || node_->number("beta", 1) != 1 ||
        node_->integer("transA", 0) != 0)
      fail("expected alpha 1, beta 1 and transA 0");
    const Extents& extents = node_->constant(1).extents;
    if (extents.size() != 2) fail("expected weights of two dimensions");
    const bool transposed = node_->integer("transB", 0) != 0;
    const std::int64_t inputs = extents[transposed ? 1 : 0], outputs = extents[transposed ? 0 : 1];
    add_dense(node_->floats(1), inputs, outputs, !transposed,
              node_->is_constant(2) ? node_->floats(2)
                                    : std::vector<float>(static_cast<std::size_t>(outputs)));
  }

  // The padding on each side of a window.
  std::int64_t padding(std::int64_t kernel_size, std::int64_t stride) const {
    const std::string automatic = node_->text("auto_pad", "NOTSET");
    if (automatic == "VALID") return 0;
    if (automatic == "NOTSET") {
      const Extents pads = node_->list("pads", {0, 0, 0, 0});
      if (pads.size() != 4 || std::ranges::any_of(pads, [&](auto pad) { return pad != pads[0]; }))
        fail("expected the same padding on all four sides");
      return pads[0];
    }
    std::int64_t result = 0;
    for (std::size_t side = 1; side <= 2; ++side) {
      const std::int64_t size = shape_[side], outputs = (size + stride - 1) / stride;
      const std::int64_t total =
          std::max<std::int64_t>((outputs - 1) * stride + kernel_size - size, 0);
      if (total % 2 != 0 || (side == 2 && total / 2 != result))
        fail("auto_pad " + automatic +
             " pads the sides differently here; use explicit, equal pads");
      result = total / 2;
    }
    return result;
  }

  Window window(std::int64_t kernel_size) const {
    const Extents strides = node_->list("strides", {1, 1}),
                  dilations = node_->list("dilations", {1, 1});
    if (strides.size() != 2 || strides[0] != strides[1] || strides[0] < 1 || strides[0] > 1024)
      fail("expected the same stride of 1 to 1024 in both directions");
    if (dilations != Extents{1, 1}) fail("expected no dilation");
    return {.kernel_size = kernel_size,
            .stride = strides[0],
            .padding = padding(kernel_size, strides[0])};
  }

  void add_conv() {
    channels_first();
    const Extents& extents = node_->constant(1).extents;
    if (extents.size() != 4 || extents[2] != extents[3] || extents[2] < 1 || extents[2] > 1024)
      fail("expected weights [OC,IC,K,K] of a square window");
    const Window w = window(extents[2]);
    const std::int64_t groups = node_->integer("group", 1);
    if (groups < 1 || extents[1] > kMaxImageValues || groups > kMaxImageValues ||
        groups * extents[1] != shape_[0])
      fail(format_message("expected weights for {} channels, got {} groups of {}", shape_[0],
                          groups, extents[1]));
    add_layer(Conv2d{.out_channels = extents[0],
                     .kernel_size = w.kernel_size,
                     .stride = w.stride,
                     .padding = w.padding,
                     .groups = groups});
    add_parameter("weight", Shape(extents), node_->floats(1));
    add_parameter("bias", {extents[0]},
                  node_->is_constant(2) ? node_->floats(2)
                                        : std::vector<float>(static_cast<std::size_t>(extents[0])));
    bias_ = result_.parameters.size() - 1;
    set_from_shape();
  }

  void add_pool(bool maximum) {
    channels_first();
    const Extents kernel = node_->list("kernel_shape", {});
    if (kernel.size() != 2 || kernel[0] != kernel[1] || kernel[0] < 1 || kernel[0] > 1024)
      fail("expected a square window");
    const Window w = window(kernel[0]);
    if (!maximum && w.padding > 0 && node_->integer("count_include_pad", 0) != 0)
      fail("expected count_include_pad 0: padding does not count in a mean");
    for (std::size_t side = 1; side <= 2 && node_->integer("ceil_mode", 0) != 0; ++side)
      if ((shape_[side] + 2 * w.padding - w.kernel_size) % w.stride != 0)
        fail("expected ceil_mode 0: all windows inside the image");
    if (maximum)
      add_layer(MaxPool2d{.kernel_size = w.kernel_size, .stride = w.stride, .padding = w.padding});
    else
      add_layer(AvgPool2d{.kernel_size = w.kernel_size, .stride = w.stride, .padding = w.padding});
    set_from_shape();
  }

  // [C,H,W] to [C,1,1] or [C].
  void add_global_pool(bool keep_dimensions) {
    channels_first();
    add_layer(GlobalAvgPool2d{});
    extents_ = keep_dimensions ? Extents{shape_[0], 1, 1} : Extents{shape_[0]};
  }

  void add_reduce_mean() {
    Extents axes = node_->is_constant(1) ? node_->integers(1) : node_->list("axes", {});
    for (std::int64_t& axis : axes) axis = axis < 0 ? axis + 4 : axis;
    std::ranges::sort(axes);
    if (axes != Extents{2, 3}) fail("expected the mean over height and width (axes 2 and 3)");
    add_global_pool(node_->integer("keepdims", 1) != 0);
  }

  void add_batch_norm() {
    if (node_->integer("training_mode", 0) != 0) fail("expected a model in inference mode");
    if (extents_.size() == 1)
      flatten();
    else
      channels_first();
    const std::int64_t channels = shape_[0];
    std::vector<std::vector<float>> values;
    for (std::size_t i = 1; i <= 4; ++i) {
      std::vector<float> given = node_->floats(i);
      if (std::ssize(given) != channels)
        fail(format_message("expected {} values per input, got {}", channels, given.size()));
      std::vector<float> sorted = given;
      for (std::size_t c = 0; c < order_.size(); ++c)
        sorted[static_cast<std::size_t>(order_[c])] = given[c];
      values.push_back(std::move(sorted));
    }
    if (std::ranges::any_of(values[3], [](float variance) { return variance < 0; }))
      fail("expected variances of 0 or more");
    const double epsilon = static_cast<double>(node_->number("epsilon", 1e-5F));
    add_layer(BatchNorm{.epsilon = epsilon});
    const char* names[] = {"weight", "bias", "running_mean", "running_var"};
    for (std::size_t i = 0; i < 4; ++i) add_parameter(names[i], {channels}, values[i]);
  }

  // PyTorch writes a padding of 0 before its average pooling.
  void add_pad() {
    const Extents pads = node_->num_inputs() > 1 ? node_->integers(1) : node_->list("pads", {});
    if (std::ranges::any_of(pads, [](std::int64_t pad) { return pad != 0; }))
      fail("expected no padding but that of a convolution or pooling");
  }

  // x · scale + offset, before all layers or after the last one.
  void scale(float factor, float offset) {
    if (!std::isfinite(factor) || !std::isfinite(offset)) fail("expected finite numbers");
    if (before_layers()) {
      result_.input_scale *= factor;
      result_.input_offset = result_.input_offset * factor + offset;
    } else if (offset == 0 && factor > 0 && shape_.rank() == 1) {
      result_.temperature /= factor;
      is_scaled_ = true;
    } else {
      fail("expected scaling of the pixels before all layers, or of the logits after all");
    }
  }

  // One value per channel or feature, in Digitry's order.
  std::vector<float> per_channel(std::vector<float> values, const Extents& extents) const {
    // [C] of features or channels last, [C,1,1] of channels first.
    const bool first = extents_.size() == 3 && !channels_last_;
    const std::size_t from_end = first ? 3 : 1;
    const std::int64_t channels = extents_.empty() ? 0
                                  : channels_last_ ? extents_.back()
                                                   : extents_[0];
    if (std::ssize(values) != channels || extents.size() < from_end ||
        extents[extents.size() - from_end] != channels)
      fail(format_message("expected one number, or one per channel or feature ({}), got {}",
                          channels, values.size()));
    std::vector<float> sorted = values;
    for (std::size_t c = 0; c < order_.size(); ++c)
      sorted[static_cast<std::size_t>(order_[c])] = values[c];
    return sorted;
  }

  // y = factor[c] · x + shift[c]
  void add_affine(const std::vector<float>& factor, const std::vector<float>& shift) {
    if (extents_.size() == 1) flatten();
    const Shape channels{std::ssize(factor)};
    constexpr double kEpsilon = 1e-5;
    add_layer(BatchNorm{.epsilon = kEpsilon});
    add_parameter("weight", channels, factor);
    add_parameter("bias", channels, shift);
    add_parameter("running_mean", channels, std::vector<float>(factor.size()));
    add_parameter("running_var", channels,
                  std::vector<float>(factor.size(), static_cast<float>(1 - kEpsilon)));
    bias_ = result_.parameters.size() - 3;
  }

  void add_to_bias(const std::vector<float>& values) {
    const auto sums = result_.parameters[*bias_].value.as<float>();
    if (values.size() != 1 && values.size() != sums.size())
      fail(format_message("expected a bias of {} values, one per output", sums.size()));
    for (std::size_t i = 0; i < sums.size(); ++i) {
      sums[i] += values[values.size() == 1 ? 0 : i];
      if (!std::isfinite(sums[i])) fail("expected finite values");
    }
  }

  void add_arithmetic(const std::string& type) {
    const bool constant_first = node_->is_constant(0);
    const std::size_t at = constant_first ? 0 : 1;
    std::vector<float> values = node_->floats(at);
    const bool is_product = type == "Mul" || type == "Div";
    if (constant_first && type == "Div") fail("expected to divide by a constant");
    if (constant_first && type == "Sub") fail("expected to subtract a constant");
    for (float& value : values) value = type == "Sub" ? -value : type == "Div" ? 1 / value : value;
    if (values.size() == 1 && !(bias_ && !is_product))
      return is_product ? scale(values[0], 0) : scale(1, values[0]);
    if (values.size() > 1) values = per_channel(values, node_->constant(at).extents);
    if (!is_product && bias_) return add_to_bias(values);
    is_product ? add_affine(values, std::vector<float>(values.size()))
               : add_affine(std::vector<float>(values.size(), 1), values);
  }

  void add(const std::string& type) {
    if (type == "Identity" || type == "Cast" || type == "Dropout" || type == "ZipMap") return;
    if (type == "Softmax" || type == "LogSoftmax") {
      const std::int64_t axis = node_->integer("axis", -1);
      if (extents_.size() != 1 || (axis != 1 && axis != -1))
        fail("expected a softmax over the classes");
      is_scaled_ = false;
      if (is_finished_) fail("expected one softmax");
      is_finished_ = true;
      return;
    }
    if (is_finished_) fail("expected no layer after the softmax");
    if (type == "MatMul") return add_matmul();
    if (type == "Gemm") return add_gemm();
    if (type == "Conv") return add_conv();
    if (type == "MaxPool" || type == "AveragePool") return add_pool(type == "MaxPool");
    if (type == "GlobalAveragePool") return add_global_pool(true);
    if (type == "ReduceMean") return add_reduce_mean();
    if (type == "BatchNormalization") return add_batch_norm();
    if (type == "Relu") return add_layer(Relu{});
    if (type == "Tanh") return add_layer(Tanh{});
    if (type == "LeakyRelu")
      return add_layer(LeakyRelu{.negative_slope = node_->number("alpha", 0.01F)});
    if (type == "Silu") return add_layer(Silu{});
    if (type == "Pad") return add_pad();
    if (type == "Gelu" && node_->text("approximate", "none") == "none") return add_layer(Gelu{});
    if (type == "Reshape") return add_reshape();
    if (type == "Flatten") return add_flatten();
    if (type == "Squeeze") return add_squeeze();
    if (type == "Unsqueeze") return add_unsqueeze();
    if (type == "Transpose") return add_transpose();
    if (type == "Add" || type == "Sub" || type == "Mul" || type == "Div")
      return add_arithmetic(type);
    fail(
        "cannot be imported; expected one of Gemm, MatMul, Add, Conv, BatchNormalization, Relu, "
        "LeakyRelu, Tanh, "
        "Gelu, x * sigmoid(x), MaxPool, AveragePool, GlobalAveragePool, Flatten, Reshape, Squeeze, "
        "Transpose, "
        "Dropout, Softmax");
  }

  std::optional<std::size_t> bias_;  // The parameter that a constant may still be added to.
  bool is_scaled_ = false;
  bool is_finished_ = false;
};

}  // namespace

ImportedLayers layers_of(const Chain& chain, const std::string& source) {
  return Importer(chain, source).run();
}

}  // namespace digitry::onnx
