#pragma once

#include "digitry/data/dataset.h"
#include "digitry/data/split.h"
#include "digitry/model_io/model.h"

namespace digitry {

/// Makes trained networks a model that knows how sure it is. On the validation images, if there are
/// any, it fits the temperatures: that of one network that has views for its logits of an image as
/// it is, then that of the whole. On training images it fits each network's prototypes, and on
/// validation images, else on other training images, the threshold below which an image is
/// reported as unknown.
/// Sources: Guo et al., "On calibration of modern neural networks", ICML 2017 (temperatures);
/// evaluation/prototypes.h.
void calibrate(Model& model, const Dataset& data, const ValidationSplit& split);

}  // namespace digitry
