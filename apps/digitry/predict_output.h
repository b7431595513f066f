#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "digitry/tensor/tensor.h"
#include "digitry/vision/reader.h"

namespace digitry::app {

/// What the model says of the images of one input.
struct PredictedImages {
  std::string input;
  std::vector<std::string> sources;  ///< One an image, or none.
  Tensor probabilities;              ///< [N, classes]
  std::vector<double> familiarity;   ///< N, or none where nobody asked.
  std::vector<bool> known;           ///< As many.
};

/// What was read in one picture.
struct PredictedPicture {
  std::string source;
  std::int64_t height = 0;
  std::int64_t width = 0;
  Reading reading;
};

using Predicted = std::variant<PredictedImages, PredictedPicture>;

enum class PredictFormat { kText, kCsv, kCsvWithProbability, kJson };

/// Prints predictions to standard output. CSV is of images or of pictures: throws
/// Error{kInvalidArgument} for both.
void print_predictions(const std::vector<Predicted>& predictions, PredictFormat format,
                       const std::vector<std::string>& class_names);

}  // namespace digitry::app
