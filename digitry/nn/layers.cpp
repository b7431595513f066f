#include "digitry/nn/layers.h"

#include "digitry/nn/layers/activation.h"
#include "digitry/nn/layers/add.h"
#include "digitry/nn/layers/batch_norm.h"
#include "digitry/nn/layers/conv2d.h"
#include "digitry/nn/layers/crop2d.h"
#include "digitry/nn/layers/dense.h"
#include "digitry/nn/layers/dropout.h"
#include "digitry/nn/layers/pool2d.h"

namespace digitry {

Options to_options(const Layer& layer) {
  Options options = layer.options();
  options["type"] = layer.type();
  return options;
}

Add::operator Options() const { return to_options(AddLayer(*this)); }
BatchNorm::operator Options() const { return to_options(BatchNormLayer(*this)); }
Conv2d::operator Options() const { return to_options(Conv2dLayer(*this)); }
Crop2d::operator Options() const { return to_options(Crop2dLayer(*this)); }
Dense::operator Options() const { return to_options(DenseLayer(*this)); }
Dropout::operator Options() const { return to_options(DropoutLayer(*this)); }
SpatialDropout::operator Options() const { return to_options(SpatialDropoutLayer(*this)); }
Flatten::operator Options() const { return to_options(FlattenLayer()); }
Relu::operator Options() const { return to_options(ReluLayer()); }
GlobalAvgPool2d::operator Options() const { return to_options(GlobalAvgPool2dLayer()); }

LeakyRelu::operator Options() const {
  return to_options(ActivationLayer(ActivationLayer::Kind::kLeakyRelu, negative_slope));
}
Tanh::operator Options() const { return to_options(ActivationLayer(ActivationLayer::Kind::kTanh)); }
Gelu::operator Options() const { return to_options(ActivationLayer(ActivationLayer::Kind::kGelu)); }
Silu::operator Options() const { return to_options(ActivationLayer(ActivationLayer::Kind::kSilu)); }

MaxPool2d::operator Options() const {
  return to_options(Pool2dLayer(
      Pool2dLayer::Kind::kMax, {.kernel_size = kernel_size, .stride = stride, .padding = padding}));
}
AvgPool2d::operator Options() const {
  return to_options(
      Pool2dLayer(Pool2dLayer::Kind::kAverage,
                  {.kernel_size = kernel_size, .stride = stride, .padding = padding}));
}

}  // namespace digitry
