#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/augment/augment.h"
#include "digitry/augment/pieces.h"
#include "digitry/augment/test_time_augmentation.h"
#include "digitry/base/attributes.h"
#include "digitry/data/dataset.h"
#include "digitry/data/split.h"
#include "digitry/optim/optimizer.h"
#include "digitry/optim/schedule.h"

namespace digitry {

/// How to train: the architecture and every setting that the result depends on. Recipes are read
/// from TOML. The shipped recipes are in recipes/ and are built into the library.
struct Recipe {
  std::string name = "model";  ///< Runs are named after the recipe.
  std::string description = {};
  std::vector<Attributes> layers = {};  ///< First to last, each with its `type`.

  std::int64_t epochs = 10;
  std::int64_t batch_size = 128;
  double validation = 0.1;  ///< Fraction of the training images set aside, in [0, 0.9].
  std::int64_t patience =
      0;  ///< Epochs without a better validation result before stopping; 0: off.
  std::uint64_t seed = 0;
  /// Seed of the validation split; `seed` if empty. Trainings with the same value set the same
  /// images aside.
  std::optional<std::uint64_t> split_seed = {};
  /// Number of networks in the model, each trained from its own seed.
  std::int64_t members = 1;
  /// Arithmetic of matrix products in training: "f32", "bf16", or "auto" for bf16 if the processor
  /// supports it.
  std::string precision = "auto";
  std::string data = "mnist";  ///< Name or path of a data set.
  LoadOptions load = {};       ///< How its image files are read.

  /// Decay of a moving average of the weights, in [0, 0.999999]; 0: off. If on, the average is
  /// validated and kept instead of the weights.
  double ema_decay = 0;
  /// Weights of the classes in the loss: "none", or "balanced" for the inverse of their number of
  /// images, so that all classes together count the same.
  std::string class_weights = "none";
  /// Mean and variance of batch norm if several ranks share a batch: "local" for those of each
  /// rank's images, "synchronized" for those of the whole batch.
  std::string batch_norm = "local";
  double label_smoothing =
      0;  ///< Share of the target that is spread over all classes, in [0, 0.999].
  double gradient_clip = 0;  ///< Largest L2 norm of all gradients together; 0: off.

  OptimizerOptions optimizer = {};   ///< Adam by default.
  ScheduleOptions schedule = {};     ///< Of the learning rate; constant by default.
  AugmentOptions augmentation = {};  ///< For training images; none by default.
  /// If `pieces.any()`: trains on pieces of writing made of the images, with a class "other".
  PieceOptions pieces = {};
  TestTimeAugmentation tta = {};  ///< By default the unchanged image only.

  bool operator==(const Recipe&) const = default;
};

/// Throws Error{kBadData} naming `source`, the key and the rule if the TOML does not parse, a key
/// is unknown, layers are missing or unknown, or a value is out of range. Whether the layers fit
/// together depends on the data: Network's constructor checks it.
Recipe parse_recipe(std::string_view toml, const std::string& source);

/// Throws what `parse_recipe` throws for the same values: for recipes that a program filled in.
void check_recipe(const Recipe& recipe, const std::string& source);

/// Reads a recipe: a shipped one by its name ("mlp"), or a file. Throws Error{kBadData} with the
/// names of the shipped recipes if there is neither, and what `parse_recipe` throws.
Recipe find_recipe(const std::string& name_or_path);

/// Names of the shipped recipes.
std::vector<std::string> recipe_names();

/// The training images that the recipe trains on, and those that it sets aside for validation:
/// those that the data set sets aside, if it does. Throws what stratified_split throws.
ValidationSplit split_by(const Recipe& recipe, const Dataset& train);

/// The names of the classes of a model trained by the recipe: those of the data, and "other" if the
/// recipe has `pieces`.
std::vector<std::string> class_names_of(const Recipe& recipe, const Dataset& train);

/// For a recipe with `pieces`: the images that it is validated and calibrated on, one fixed piece
/// made of each image of the data, at its index. Pieces of a part of the split are made of images
/// of that part only. Throws what PieceMaker throws.
Dataset make_pieces(const Recipe& recipe, const Dataset& train, const ValidationSplit& split);

/// The recipe as TOML. parse_recipe reads it back to an equal recipe.
std::string to_toml(const Recipe& recipe);

}  // namespace digitry
