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

/// Predictions for the images of one input.
struct PredictedImages {
  std::string input;
  std::vector<std::string> sources;            ///< One per image, or none.
  Tensor probabilities;                        ///< float32 [N, num_classes]
  std::vector<double> in_distribution_scores;  ///< N; empty if they are not printed.
  std::vector<bool> rejected;                  ///< The same.
  std::vector<std::string> polarities;         ///< What each was found to be, or none.
};

/// The digits in one picture.
struct PredictedPicture {
  std::string source;
  std::int64_t height = 0;
  std::int64_t width = 0;
  Reading reading;
};

using Predicted = std::variant<PredictedImages, PredictedPicture>;

enum class PredictFormat { kText, kCsv, kCsvWithProbability, kJson };

/// Prints predictions to standard output. CSV has different columns for tables of images (IDX, CSV:
/// those of a submission to Kaggle), for files of one image each and for pictures: throws
/// Error{kInvalidArgument} if there are pictures and images.
void print_predictions(const std::vector<Predicted>& predictions, PredictFormat format,
                       const std::vector<std::string>& class_names);

/// Another class that a digit may be of.
struct Alternative {
  std::size_t label;
  float probability;
};

/// The next most probable classes, at most three, the most probable first.
std::vector<Alternative> alternatives_of(const ReadDigit& digit);

/// The reading of a picture of this size, as `digitry predict --json` and the server write it.
nlohmann::ordered_json reading_json(std::int64_t width, std::int64_t height, const Reading& reading,
                                    const std::vector<std::string>& class_names);

}  // namespace digitry::app
