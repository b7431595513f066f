#pragma once

#include "digitry/image/image.h"
#include "digitry/model_io/classifier.h"
#include "digitry/vision/reading.h"

// Pictures that are cut out to a single digit, whose ink covers much of them.

namespace digitry {

/// Takes the whole picture as one digit if that is likelier than `reading`, which is what a search
/// found in it.
///
/// A search needs paper around the ink: the strokes of a picture of a few large pixels are as wide
/// as a page of writing is far from its border, and what is between them looks like strokes too.
/// So if the ink of a picture, dark or light, reaches from one side to the other and is no wider
/// than a digit, all of it is brought to 28×28 (`to_mnist_form`) and classified. It is taken if
/// its log-odds (`digit_log_odds`) are high enough not to be rejected, and higher than those of the
/// least likely digit of the reading by a lead.
/// Expects the picture that was read, a classifier of images [1,28,28] whose classes are the ten
/// digits, and a valid picture. Cost: at most two images.
void prefer_whole_picture(const Image& picture, const Classifier& classifier, Reading& reading);

}  // namespace digitry
