#pragma once

#include <dnnl_version.h>

#include "digitry/nn/onednn/primitive.h"

/// Descriptors of the kernels that the layers use. oneDNN 2 makes a description of the operation
/// first and a kernel from it. oneDNN 3 makes the kernel directly, takes the engine first, and
/// takes the layouts of both input and output even if they have to be the same.
namespace digitry::onednn {

/// Attributes of every kernel: its scratchpad belongs to the plan, and `with_relu` applies a ReLU
/// to its result.
inline dnnl::primitive_attr kernel_attributes(bool with_relu = false) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (with_relu) {
    dnnl::post_ops after;
#if DNNL_VERSION_MAJOR >= 3
    after.append_eltwise(dnnl::algorithm::eltwise_relu, 0.0F, 0.0F);
#else
    after.append_eltwise(1.0F, dnnl::algorithm::eltwise_relu, 0.0F, 0.0F);
#endif
    attributes.set_post_ops(after);
  }
  return attributes;
}

/// A kernel of `Primitive`. `what` holds the arguments that have the same order in both versions.
template <typename Primitive, typename... What>
typename Primitive::primitive_desc forward_kernel(const dnnl::primitive_attr& attributes,
                                                  const What&... what) {
#if DNNL_VERSION_MAJOR >= 3
  return {cpu_engine(), what..., attributes};
#else
  return {typename Primitive::desc(what...), attributes, cpu_engine()};
#endif
}

/// The same for a backward pass; `forward` is the kernel of the forward pass.
template <typename Primitive, typename Forward, typename... What>
typename Primitive::primitive_desc backward_kernel(const Forward& forward, const What&... what) {
#if DNNL_VERSION_MAJOR >= 3
  return {cpu_engine(), what..., forward, kernel_attributes()};
#else
  return {typename Primitive::desc(what...), kernel_attributes(), cpu_engine(), forward};
#endif
}

/// Kind and size of a pooling window.
struct PoolingWindow {
  dnnl::algorithm kind;
  Extents strides, kernel, padding;
};

inline dnnl::pooling_forward::primitive_desc pooling_kernel(dnnl::prop_kind pass,
                                                            const PoolingWindow& window,
                                                            const Layout& x, const Layout& y) {
#if DNNL_VERSION_MAJOR >= 3
  const Extents no_dilation(window.kernel.size(), 0);
  return forward_kernel<dnnl::pooling_forward>(kernel_attributes(), pass, window.kind, x, y,
                                               window.strides, window.kernel, no_dilation,
                                               window.padding, window.padding);
#else
  return forward_kernel<dnnl::pooling_forward>(kernel_attributes(), pass, window.kind, x, y,
                                               window.strides, window.kernel, window.padding,
                                               window.padding);
#endif
}

inline dnnl::pooling_backward::primitive_desc pooling_backward_kernel(
    const dnnl::pooling_forward::primitive_desc& forward, const PoolingWindow& window,
    const Layout& x_gradient, const Layout& y_gradient) {
#if DNNL_VERSION_MAJOR >= 3
  const Extents no_dilation(window.kernel.size(), 0);
  return backward_kernel<dnnl::pooling_backward>(forward, window.kind, x_gradient, y_gradient,
                                                 window.strides, window.kernel, no_dilation,
                                                 window.padding, window.padding);
#else
  return backward_kernel<dnnl::pooling_backward>(forward, window.kind, x_gradient, y_gradient,
                                                 window.strides, window.kernel, window.padding,
                                                 window.padding);
#endif
}

/// y = function(x), with x and y in `layout`; `alpha` as oneDNN defines it for the function.
inline dnnl::eltwise_forward::primitive_desc eltwise_kernel(dnnl::prop_kind pass,
                                                            dnnl::algorithm function, float alpha,
                                                            const Layout& layout) {
#if DNNL_VERSION_MAJOR >= 3
  return forward_kernel<dnnl::eltwise_forward>(kernel_attributes(), pass, function, layout, layout,
                                               alpha, 0.0F);
#else
  return forward_kernel<dnnl::eltwise_forward>(kernel_attributes(), pass, function, layout, alpha,
                                               0.0F);
#endif
}

inline dnnl::eltwise_backward::primitive_desc eltwise_backward_kernel(
    const dnnl::eltwise_forward::primitive_desc& forward, dnnl::algorithm function, float alpha,
    const Layout& gradient, const Layout& x) {
#if DNNL_VERSION_MAJOR >= 3
  return backward_kernel<dnnl::eltwise_backward>(forward, function, gradient, gradient, x, alpha,
                                                 0.0F);
#else
  return backward_kernel<dnnl::eltwise_backward>(forward, function, gradient, x, alpha, 0.0F);
#endif
}

inline dnnl::batch_normalization_forward::primitive_desc batch_norm_kernel(
    dnnl::prop_kind pass, const Layout& layout, float epsilon, dnnl::normalization_flags flags) {
#if DNNL_VERSION_MAJOR >= 3
  return forward_kernel<dnnl::batch_normalization_forward>(kernel_attributes(), pass, layout,
                                                           layout, epsilon, flags);
#else
  return forward_kernel<dnnl::batch_normalization_forward>(kernel_attributes(), pass, layout,
                                                           epsilon, flags);
#endif
}

inline dnnl::batch_normalization_backward::primitive_desc batch_norm_backward_kernel(
    const dnnl::batch_normalization_forward::primitive_desc& forward, const Layout& layout,
    float epsilon, dnnl::normalization_flags flags) {
  using Backward = dnnl::batch_normalization_backward;
#if DNNL_VERSION_MAJOR >= 3
  return backward_kernel<Backward>(forward, dnnl::prop_kind::backward, layout, layout, layout,
                                   epsilon, flags);
#else
  return backward_kernel<Backward>(forward, dnnl::prop_kind::backward, layout, layout, epsilon,
                                   flags);
#endif
}

/// Whether the backward kernel takes the shift as an argument. Its result does not depend on the
/// shift, but oneDNN 2 requires it and oneDNN 3 rejects it.
inline constexpr bool kBatchNormBackwardTakesShift = DNNL_VERSION_MAJOR < 3;

/// A kernel that adds memories of layouts `terms` into one of layout `sum`.
inline dnnl::sum::primitive_desc sum_kernel(const Layout& sum, const std::vector<Layout>& terms) {
  const std::vector<float> scales(terms.size(), 1.0F);
#if DNNL_VERSION_MAJOR >= 3
  return {cpu_engine(), sum, scales, terms, kernel_attributes()};
#else
  return {sum, scales, terms, cpu_engine(), kernel_attributes()};
#endif
}

inline dnnl::reorder::primitive_desc reorder_kernel(const dnnl::memory& from,
                                                    const dnnl::memory& to) {
  return {cpu_engine(), from.get_desc(), cpu_engine(), to.get_desc(), kernel_attributes()};
}

inline dnnl::matmul::primitive_desc matmul_kernel(const Layout& a, const Layout& b,
                                                  const Layout& product) {
#if DNNL_VERSION_MAJOR >= 3
  return {cpu_engine(), a, b, product, kernel_attributes()};
#else
  return {dnnl::matmul::desc(a, b, product), kernel_attributes(), cpu_engine()};
#endif
}

}  // namespace digitry::onednn
