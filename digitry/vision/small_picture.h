#pragma once

#include "digitry/image/image.h"
#include "digitry/image/image_form.h"
#include "digitry/vision/reader.h"

// Pictures as small as the images of a model, which may be one digit in any form.

namespace digitry {

/// What a picture of 28×28 pixels holds.
struct SmallPictureReading {
  ImageForm form;
  /// Usually one digit, whose box is the whole picture unless it was searched for; several, or one
  /// that is rejected, if that is likelier; none if the picture is blank.
  Reading reading;
  /// The prediction for the picture as one digit; rejected if it is blank.
  DigitPrediction whole;
  bool searched = false;  ///< Whether digits were searched for, as in larger pictures.
};

/// Classifies a picture of 28×28 pixels: an image in MNIST's form, dark or light, or a picture of a
/// digit or several somewhere in it.
///
/// A picture that is in MNIST's form as light on dark (`find_image_form`) is classified as such. Of
/// any other, two answers are compared: that for all its ink brought into MNIST's form as one digit
/// (`to_mnist_form`), both ways if its polarity is unclear, and the digits that `read_digits`
/// finds. The one whose digits are most similar to the training images is taken (the
/// in-distribution score; of several digits the smallest), but not
/// digits beside which other ink was left out if the whole is accepted; the image as it is, if the
/// others are rejected and it is not. If the classes are "0" to "9", `reader` takes part
/// (`add_classifier`). Throws Error{kBadData} if the model's images are not [1,28,28],
/// Error{kInvalidArgument} if the picture is not valid (`check_image`) or not of 28×28 pixels.
SmallPictureReading read_small_picture(const Image& picture, const Classifier& classifier,
                                       const ReadOptions& options = {});

/// The same if the form of the picture is known already.
SmallPictureReading read_small_picture(const Image& picture, ImageForm form,
                                       const Classifier& classifier,
                                       const ReadOptions& options = {});

}  // namespace digitry
