#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/model_io/model.h"

namespace digitry::app {

/// What a model was trained on, as far as it is at hand.
struct TrainingImages {
  std::shared_ptr<const Dataset> data;  ///< Null where it is not at hand.
  std::vector<std::int32_t> indices;    ///< Without those set aside for validation.
  std::string absence;                  ///< Why it is not at hand: a clause.
};

/// Looks where the model says that it was trained, and whether these are still the same images.
/// That they are not to be had is no error.
TrainingImages find_training_images(const Model& model);

}  // namespace digitry::app
