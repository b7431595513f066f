#pragma once

#include <cstdint>

#include "digitry/data/dataset.h"
#include "digitry/data/split.h"
#include "digitry/model_io/model.h"
#include "digitry/nn/network.h"
#include "digitry/training/recipe.h"
#include "digitry/training/trainer.h"

namespace digitry {

/// Makes trained networks a model that knows how sure it is. On the validation images, if there are
/// any, it fits the temperatures: that of one network that has views for its logits of an image as
/// it is, then that of the whole. On training images it fits each network's prototypes, and on
/// validation images, else on other training images, the threshold below which an image is
/// reported as unknown.
/// Sources: Guo et al., "On calibration of modern neural networks", ICML 2017 (temperatures);
/// evaluation/prototypes.h.
void calibrate(Model& model, const Dataset& data, const ValidationSplit& split);

/// Trains a model as the recipe says, and calibrates it: one network, or `recipe.members` of them,
/// one after the other. The same recipe (seed included), data and number of threads give the same
/// model, bit for bit. If the observer stops it, the model holds what was learnt until then; of
/// several networks, those that were begun.
/// Throws what Trainer's constructor and `Trainer::run` throw.
Model fit(const Recipe& recipe, const Dataset& train, const TrainingObserver& observer = {});

/// The same of a network made in the program, by `recipe`, whose `layers` are left empty:
///   fit(network, train, {.epochs = 5, .optimizer = Adam{.learning_rate = 1e-3}})
/// Throws Error{kInvalidArgument} also if the network has no layers or has values already (training
/// begins with new ones, drawn by the seed) and if the recipe has layers too, Error{kShapeMismatch}
/// if the network is for images of another shape.
Model fit(const Network& network, const Dataset& train, Recipe recipe = {},
          const TrainingObserver& observer = {});

/// All of a recipe's model but what it learns: architecture, views, names of classes, provenance.
/// Throws Error{kShapeMismatch} or Error{kBadData} if the layers do not fit the images.
Model untrained_model(const Recipe& recipe, const Dataset& train);

/// Gives a model of one network the weights of its trainer; they are not calibrated yet.
void take_weights(Model& model, const Trainer& trainer);

/// The recipe of one of several networks: with a seed of its own, and the same validation images.
Recipe member_recipe(const Recipe& recipe, std::int64_t index);

}  // namespace digitry
