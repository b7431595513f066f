#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
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

/// A class that a digit may be of instead.
struct Alternative {
  std::size_t label;
  float probability;
};

/// The classes that come next, at most three, the likeliest first.
std::vector<Alternative> alternatives_of(const ReadDigit& digit);

/// What is told of a picture of this size, by `digitry predict --json` and by the server.
nlohmann::ordered_json reading_json(std::int64_t width, std::int64_t height, const Reading& reading,
                                    const std::vector<std::string>& class_names);

}  // namespace digitry::app
