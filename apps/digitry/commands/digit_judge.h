#pragma once

#include <memory>

#include "digitry/model_io/classifier.h"
#include "digitry/vision/reader.h"

namespace digitry::app {

/// The classifier as `read_digits` asks it: with scores, and rejections by its model's threshold.
/// For several threads at once. Throws Error{kBadData} if the model is not one of 28×28 grey
/// images.
DigitClassifier make_digit_classifier(std::shared_ptr<const Classifier> classifier);

}  // namespace digitry::app
