#include "digitry/nn/layers/dense.h"

#include <dnnl.hpp>
#include <memory>
#include <string>

#include "digitry/base/error.h"
#include "digitry/kernels/sparse_dense.h"
#include "digitry/nn/plan/weighted_layer.h"

namespace digitry {
namespace {

using onednn::DataType;

// Measured: for larger batches oneDNN's kernel is faster than SparseDense.
constexpr std::int64_t kFewImages = 8;

struct DenseKernels {
  using Forward = dnnl::inner_product_forward;
  using BackwardWeights = dnnl::inner_product_backward_weights;
  using BackwardData = dnnl::inner_product_backward_data;
  using Layout = dnnl::memory::desc;

  int num_variants(DataType /*type*/) const { return 1; }
  std::string why(int /*variant*/, DataType /*type*/) const { return "oneDNN's product"; }
  Layout x_layout(int /*variant*/, const WeightedLayerExtents& extents, DataType type) const {
    return onednn::plain_layout(extents.x, type);
  }
  Layout y_layout(int /*variant*/, const WeightedLayerExtents& extents, DataType type) const {
    return onednn::plain_layout(extents.y, type);
  }
  Forward::primitive_desc forward(int /*variant*/, dnnl::prop_kind kind, const Layout& x,
                                  const Layout& weight, const Layout& bias, const Layout& y,
                                  const dnnl::primitive_attr& attributes) const {
    return onednn::forward_kernel<Forward>(attributes, kind, x, weight, bias, y);
  }
  BackwardWeights::primitive_desc backward_weights(int /*variant*/, const Layout& x,
                                                   const Layout& weight, const Layout& bias,
                                                   const Layout& y,
                                                   const Forward::primitive_desc& hint) const {
    return onednn::backward_kernel<BackwardWeights>(hint, x, weight, bias, y);
  }
  BackwardData::primitive_desc backward_data(int /*variant*/, const Layout& x, const Layout& weight,
                                             const Layout& y,
                                             const Forward::primitive_desc& hint) const {
    return onednn::backward_kernel<BackwardData>(hint, x, weight, y);
  }
};

}  // namespace

Shape DenseLayer::output_shape(const Shape& input) const {
  if (input.rank() != 1 || input[0] < 1)
    throw Error(ErrorCode::kShapeMismatch,
                "dense: expected [features], got {}; put a flatten layer before it",
                input.to_string());
  return {options_.out_features};
}

std::vector<ParameterSpec> DenseLayer::parameters(const Shape& input) const {
  std::vector<ParameterSpec> specs{
      {"weight", {options_.out_features, input[0]}, Initializer::kHeNormal, input[0]}};
  if (options_.bias)
    specs.push_back({"bias", {options_.out_features}, Initializer::kZero, input[0]});
  return specs;
}

std::int64_t DenseLayer::multiply_adds(const Shape& input) const {
  return options_.out_features * input[0];
}

// For inference with few images. Reading the weights takes most of the time, and zeros in x need
// none.
Value DenseLayer::plan_small_batch(PlanBuilder& builder, const Value& input) const {
  const std::int64_t batch = builder.batch_size();
  const std::int64_t in_features = onednn::extents_of(input.value)[1];
  const bool relu = builder.step().relu;
  builder.because("for few images: it reads only the weights of values that are not zero");
  const Value x = builder.in_layout(input, onednn::plain_layout({batch, in_features}));
  const dnnl::memory::desc transposed({options_.out_features, in_features}, DataType::f32,
                                      dnnl::memory::format_tag::ba);
  const auto weight = builder.prepared(
      builder.parameter("weight", {options_.out_features, in_features}, transposed).value,
      transposed);
  BoundParameter bias;
  if (options_.bias)
    bias = builder.parameter("bias", {options_.out_features},
                             onednn::plain_layout({options_.out_features}));
  Value y = builder.make_value(onednn::plain_layout({batch, options_.out_features}));
  y.overwritable = true;
  const auto run =
      std::make_shared<kernels::SparseDense>(batch, in_features, options_.out_features);
  builder.forward("digitry:sparse_dense",
                  2.0 * static_cast<double>(batch * multiply_adds({in_features})), [=](auto&) {
                    (*run)(onednn::elements(x.value).data(), onednn::elements(weight).data(),
                           bias.value ? onednn::elements(bias.value).data() : nullptr, relu,
                           onednn::elements(y.value).data());
                  });
  return y;
}

Value DenseLayer::plan(PlanBuilder& builder, const Value& input) const {
  if (!builder.training() && builder.batch_size() <= kFewImages &&
      kernels::SparseDense::supports(options_.out_features) && builder.step().norm == nullptr)
    return plan_small_batch(builder, input);
  const std::int64_t batch = builder.batch_size();
  const std::int64_t in_features = onednn::extents_of(input.value)[1];
  const WeightedLayerExtents extents{
      .x = {batch, in_features},
      .weight = {options_.out_features, in_features},
      .bias = {options_.out_features},
      .y = {batch, options_.out_features},
      .weight_shape = {options_.out_features, in_features},
      .has_bias = options_.bias,
      .flops = 2.0 * static_cast<double>(batch * in_features * options_.out_features)};
  return WeightedLayerPlanner(builder, DenseKernels{}, extents).plan(input);
}

}  // namespace digitry
