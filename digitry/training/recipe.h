#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/base/attributes.h"
#include "digitry/data/dataset.h"
#include "digitry/data/split.h"

namespace digitry {

/// How to train: the architecture and every setting that the result depends on. Read from TOML;
/// recipes/ holds the shipped ones, which are built into the library too.
struct Recipe {
  std::string name = "model";  ///< Runs are named after it.
  std::string description = {};
  std::vector<Attributes> layers = {};  ///< First to last, each with its `type`.

  std::int64_t epochs = 10;
  std::int64_t batch_size = 128;
  double validation = 0.1;  ///< Fraction of the training images set aside, in [0, 0.9].
  std::int64_t patience =
      0;  ///< Epochs without a better validation result before stopping; 0: off.
  std::uint64_t seed = 0;
  /// Of the validation split alone; the seed where there is none. Trainings that share it set the
  /// same images aside.
  std::optional<std::uint64_t> split_seed = {};
  /// Networks that are trained, each from a seed of its own, to answer together.
  std::int64_t members = 1;
  /// Of products while training: "f32", "bf16", or "auto" for bf16 where the processor has it.
  std::string precision = "auto";
  std::string data = "mnist";  ///< A data set's name or path.

  /// Of a moving average of the weights, which is what is validated and kept; in [0, 0.999999],
  /// 0: off.
  double ema_decay = 0;
  double label_smoothing = 0;  ///< Share of the target spread over all classes, in [0, 0.999].
  double gradient_clip = 0;    ///< Largest L2 norm of all gradients together; 0: off.

  Attributes optimizer = {};     ///< See make_optimizer.
  Attributes schedule = {};      ///< See make_schedule.
  Attributes augmentation = {};  ///< Of training images; see read_augment_options. Empty: none.
  /// Test-time augmentation; see read_test_time_augmentation. Empty: the image as it is.
  Attributes tta = {};

  bool operator==(const Recipe&) const = default;
};

/// Throws Error{kBadData} naming `source`, the key and the rule for TOML that does not parse,
/// unknown keys, missing or unknown layers and values out of range. Whether the layers fit together
/// is only known once there is data: Network's constructor tells.
Recipe parse_recipe(std::string_view toml, const std::string& source);

/// A shipped recipe's name ("mlp") or a file's path. Throws Error{kBadData} naming the shipped ones
/// where it is neither.
Recipe find_recipe(const std::string& name_or_path);

/// Names of the shipped recipes.
std::vector<std::string> recipe_names();

/// Which of the training images the recipe trains on, and which it sets aside.
/// Throws what stratified_split throws.
ValidationSplit split_by(const Recipe& recipe, const Dataset& train);

/// TOML that parse_recipe reads back to the same recipe.
std::string to_toml(const Recipe& recipe);

}  // namespace digitry
