#include "digitry/nn/plan/winograd_conv2d.h"

#include "digitry/base/vectorize.h"
#include "digitry/nn/plan/weighted_layer.h"

namespace digitry {
namespace {

using kernels::WinogradConv2dShape;
using onednn::DataType;
using onednn::Layout;
using Tag = dnnl::memory::format_tag;

Tag blocked(std::int64_t block) { return block == kernels::kBlock ? Tag::nChw16c : Tag::nChw8c; }

WinogradConv2dShape shape_of(const Conv2dLayer& conv, const Pool2dLayer* pool, const Shape& image,
                             std::int64_t batch_size) {
  return {.batch_size = batch_size,
          .in_channels = image[0],
          .out_channels = conv.options().out_channels,
          .height = image[1],
          .width = image[2],
          .padding = conv.options().padding,
          .in_block = kernels::WinogradConv2d::natural_block(),
          .out_block = kernels::WinogradConv2d::natural_block(),
          .pool = pool != nullptr};
}

// Whether there are clearly fewer products than by definition. The tiles of a small image reach far
// over its border.
bool saves_products(const WinogradConv2dShape& shape) {
  const std::int64_t products = 16 * shape.tile_rows() * shape.tile_columns();
  return 5 * products <= 4 * 9 * shape.conv_height() * shape.conv_width();
}

}  // namespace

bool supports_winograd_conv2d(const Conv2dLayer& conv, const Pool2dLayer* pool, const Shape& image,
                              Precision precision) {
  const auto& options = conv.options();
  if (precision != Precision::kFloat32 || options.kernel_size != 3 || options.stride != 1 ||
      options.groups != 1)
    return false;
  if (pool != nullptr &&
      (pool->kind() != Pool2dLayer::Kind::kMax || pool->options().kernel_size != 2 ||
       pool->options().stride != 2 || pool->options().padding != 0))
    return false;
  const WinogradConv2dShape shape = shape_of(conv, pool, image, 1);
  return kernels::WinogradConv2d::supports(shape) && saves_products(shape);
}

PreparedWinograd prepare_winograd(PlanBuilder& builder, const WinogradConv2dShape& shape,
                                  const dnnl::memory& weight) {
  const PreparedWinograd prepared{
      .kernel = std::make_shared<kernels::WinogradConv2d>(shape),
      .transformed =
          builder.make(onednn::plain_layout({16, shape.in_channels, shape.out_channels}))};
  const auto blocks = builder.prepared(
      weight, {{shape.out_channels, shape.in_channels, 3, 3}, DataType::f32, Tag::Acdb16a});
  builder.prepare(kWinogradKernel, [=](auto&) {
    prepared.kernel->transform_weights(onednn::elements(blocks).data(),
                                       onednn::elements(prepared.transformed).data());
  });
  return prepared;
}

Value plan_winograd_conv2d(PlanBuilder& builder, const Conv2dLayer& conv, const Value& input) {
  const FusedLayer& step = builder.step();
  builder.because(kWhyWinograd);
  const auto extents = onednn::extents_of(input.value);
  const Shape image{extents[1], extents[2], extents[3]};
  WinogradConv2dShape shape = shape_of(conv, step.pool, image, extents[0]);
  shape.relu = step.relu;
  // Blocks of sixteen suit registers of eight lanes as well.
  const std::int64_t given = onednn::channel_block(input.value.get_desc());
  if (given == kernels::kBlock) shape.in_block = given;
  const Value x = builder.in_layout(input, {extents, DataType::f32, blocked(shape.in_block)});

  const std::vector<ParameterSpec> specs = conv.parameters(image);
  const Layout plain_weight = onednn::plain_layout(specs[0].shape.extents());
  const Layout plain_bias = onednn::plain_layout({shape.out_channels});
  dnnl::memory weight = builder
                            .parameter("weight", specs[0].shape,
                                       step.norm != nullptr ? plain_weight
                                                            : Layout(specs[0].shape.extents(),
                                                                     DataType::f32, Tag::Acdb16a))
                            .value;
  dnnl::memory bias;
  if (conv.options().bias) bias = builder.parameter("bias", specs[1].shape, plain_bias).value;
  if (step.norm != nullptr) {
    const FoldedBatchNorm folded = fold_batch_norm(
        builder, *step.norm, builder.prepared(weight, plain_weight), bias, shape.out_channels);
    weight = folded.weight;
    bias = folded.bias;
  }
  const PreparedWinograd prepared = prepare_winograd(builder, shape, weight);
  Value y =
      builder.make_value({{extents[0], shape.out_channels, shape.out_height(), shape.out_width()},
                          DataType::f32,
                          blocked(shape.out_block)});
  y.overwritable = true;
  const double flops =
      2.0 * static_cast<double>(extents[0]) * static_cast<double>(conv.multiply_adds(image));
  builder.forward(kWinogradKernel, flops, [=](auto&) {
    (*prepared.kernel)(
        onednn::elements(x.value).data(), onednn::elements(prepared.transformed).data(),
        bias ? onednn::elements(bias).data() : nullptr, onednn::elements(y.value).data(), nullptr);
  });
  return y;
}

}  // namespace digitry
