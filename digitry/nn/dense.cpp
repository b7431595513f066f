#include "digitry/nn/dense.h"

#include <dnnl.hpp>

#include "digitry/base/error.h"
#include "digitry/nn/product.h"

namespace digitry {
namespace {

using kernels::onednn::DataType;

struct DenseKernels {
  using Forward = dnnl::inner_product_forward;
  using BackwardWeights = dnnl::inner_product_backward_weights;
  using BackwardData = dnnl::inner_product_backward_data;
  using Layout = dnnl::memory::desc;

  int num_variants(DataType /*type*/) const { return 1; }
  Layout x_layout(int /*variant*/, const ProductExtents& extents, DataType type) const {
    return kernels::onednn::plain_layout(extents.x, type);
  }
  Layout y_layout(int /*variant*/, const ProductExtents& extents, DataType type) const {
    return kernels::onednn::plain_layout(extents.y, type);
  }
  Forward::primitive_desc forward(int /*variant*/, dnnl::prop_kind kind, const Layout& x,
                                  const Layout& weight, const Layout& bias, const Layout& y,
                                  const dnnl::primitive_attr& attributes) const {
    return {Forward::desc(kind, x, weight, bias, y), attributes, kernels::onednn::cpu_engine()};
  }
  BackwardWeights::primitive_desc backward_weights(int /*variant*/, const Layout& x,
                                                   const Layout& weight, const Layout& bias,
                                                   const Layout& y,
                                                   const Forward::primitive_desc& hint) const {
    return {BackwardWeights::desc(x, weight, bias, y), kernels::onednn::cpu_engine(), hint};
  }
  BackwardData::primitive_desc backward_data(int /*variant*/, const Layout& x, const Layout& weight,
                                             const Layout& y,
                                             const Forward::primitive_desc& hint) const {
    return {BackwardData::desc(x, weight, y), kernels::onednn::cpu_engine(), hint};
  }
};

}  // namespace

Shape Dense::output_shape(const Shape& input) const {
  if (input.rank() != 1 || input[0] < 1)
    throw Error(ErrorCode::kShapeMismatch,
                "dense: want [features], got {}; put a flatten layer before it", input.to_string());
  return {options_.out_features};
}

std::vector<ParameterSpec> Dense::parameters(const Shape& input) const {
  std::vector<ParameterSpec> specs{
      {"weight", {options_.out_features, input[0]}, Initializer::kHeNormal, input[0]}};
  if (options_.bias)
    specs.push_back({"bias", {options_.out_features}, Initializer::kZero, input[0]});
  return specs;
}

std::int64_t Dense::multiply_adds(const Shape& input) const {
  return options_.out_features * input[0];
}

Activation Dense::plan(PlanBuilder& builder, const Activation& input) const {
  const std::int64_t batch = builder.batch_size();
  const std::int64_t in_features = input.value.get_desc().dims()[1];
  const ProductExtents extents{
      .x = {batch, in_features},
      .weight = {options_.out_features, in_features},
      .bias = {options_.out_features},
      .y = {batch, options_.out_features},
      .weight_shape = {options_.out_features, in_features},
      .has_bias = options_.bias,
      .flops = 2.0 * static_cast<double>(batch * in_features * options_.out_features)};
  return ProductPlanner(builder, DenseKernels{}, extents).plan(input);
}

}  // namespace digitry
