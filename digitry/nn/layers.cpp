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

Attributes to_attributes(const Layer& layer) {
  Attributes options = layer.attributes();
  options["type"] = layer.type();
  return options;
}

Add::operator Attributes() const { return to_attributes(AddLayer(*this)); }
BatchNorm::operator Attributes() const { return to_attributes(BatchNormLayer(*this)); }
Conv2d::operator Attributes() const { return to_attributes(Conv2dLayer(*this)); }
Crop2d::operator Attributes() const { return to_attributes(Crop2dLayer(*this)); }
Dense::operator Attributes() const { return to_attributes(DenseLayer(*this)); }
Dropout::operator Attributes() const { return to_attributes(DropoutLayer(*this)); }
SpatialDropout::operator Attributes() const { return to_attributes(SpatialDropoutLayer(*this)); }
Flatten::operator Attributes() const { return to_attributes(FlattenLayer()); }
Relu::operator Attributes() const { return to_attributes(ReluLayer()); }
GlobalAvgPool2d::operator Attributes() const { return to_attributes(GlobalAvgPool2dLayer()); }

LeakyRelu::operator Attributes() const {
  return to_attributes(ActivationLayer(ActivationLayer::Kind::kLeakyRelu, negative_slope));
}
Tanh::operator Attributes() const {
  return to_attributes(ActivationLayer(ActivationLayer::Kind::kTanh));
}
Gelu::operator Attributes() const {
  return to_attributes(ActivationLayer(ActivationLayer::Kind::kGelu));
}
Silu::operator Attributes() const {
  return to_attributes(ActivationLayer(ActivationLayer::Kind::kSilu));
}

MaxPool2d::operator Attributes() const {
  return to_attributes(Pool2dLayer(
      Pool2dLayer::Kind::kMax, {.kernel_size = kernel_size, .stride = stride, .padding = padding}));
}
AvgPool2d::operator Attributes() const {
  return to_attributes(
      Pool2dLayer(Pool2dLayer::Kind::kAverage,
                  {.kernel_size = kernel_size, .stride = stride, .padding = padding}));
}

}  // namespace digitry
