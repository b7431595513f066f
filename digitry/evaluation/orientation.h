#pragma once

#include <string>

#include "digitry/data/dataset.h"
#include "digitry/model_io/classifier.h"

namespace digitry {

/// Whether labelled images look transposed, mirrored, upside down or inverted (dark ink on light):
/// a sentence that says so if a model recognizes less than half of them as they are, but many more
/// after such a change; else empty. Looks at a sample of at most 500 images. Empty, too, if the
/// images are not of the model's size or classes.
std::string orientation_warning(const Classifier& classifier, const Dataset& data);

}  // namespace digitry
