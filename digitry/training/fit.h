#pragma once

#include <cstdint>

#include "digitry/base/communicator.h"
#include "digitry/data/dataset.h"
#include "digitry/data/split.h"
#include "digitry/model_io/model.h"
#include "digitry/nn/network.h"
#include "digitry/training/recipe.h"
#include "digitry/training/trainer.h"

namespace digitry {

/// Calibrates a trained model. On the validation images, if there are any, it fits the
/// temperatures: that of a single network with views on the unchanged images, then that of the
/// whole model; images count by `data.weights`. On training images it fits the prototypes of each
/// network. On validation images, or else on other training images, it fits the threshold below
/// which an image is rejected. Sources: Guo et al., "On calibration of modern neural networks",
/// ICML 2017 (temperatures); evaluation/prototypes.h.
void calibrate(Model& model, const Dataset& data, const ValidationSplit& split);

/// Trains a model by the recipe, and calibrates it: one network, or `recipe.members` networks one
/// after the other. The same recipe (including the seed), data and number of threads give the same
/// model, bit for bit. If the observer stops the training, the model has the weights reached by
/// then, and only the networks that were started. With several ranks, all train each network
/// together and get the same model.
/// Throws what Trainer's constructor and `Trainer::run` throw.
Model fit(const Recipe& recipe, const Dataset& train, const TrainingObserver& observer = {},
          Communicator& ranks = one_rank());

/// The same for a network made in the program, with a `recipe` whose `layers` are empty:
///   fit(network, train, {.epochs = 5, .optimizer = Adam{.learning_rate = 1e-3}})
/// Also throws Error{kInvalidArgument} if the network has no layers or already has values (training
/// initializes them from the seed), or if the recipe has layers, and Error{kShapeMismatch} if the
/// network has another input shape than the images.
Model fit(const Network& network, const Dataset& train, Recipe recipe = {},
          const TrainingObserver& observer = {});

/// The model of a recipe before training: architecture, views, class names and provenance, without
/// weights.
/// Throws Error{kShapeMismatch} or Error{kBadData} if the layers do not fit the images.
Model untrained_model(const Recipe& recipe, const Dataset& train);

/// Copies the weights of the trainer to a model of one network. The model is not calibrated yet.
void take_weights(Model& model, const Trainer& trainer);

/// The recipe of network `index` of several: it has its own seed and the same validation images.
Recipe member_recipe(const Recipe& recipe, std::int64_t index);

}  // namespace digitry
