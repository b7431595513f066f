#include <nanobind/stl/array.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/nn/network.h"
#include "digitry/optim/optimizer.h"
#include "digitry/optim/schedule.h"
#include "digitry/training/fit.h"
#include "digitry/training/run_folder.h"
#include "python/src/arrays.h"
#include "python/src/background.h"
#include "python/src/compute.h"
#include "python/src/model.h"
#include "python/src/module.h"

namespace digitry::python {
namespace nb = nanobind;
using namespace nb::literals;

namespace {

// Trains while this thread, which holds the GIL, calls the Python functions: (model, history,
// facts, exception that stopped the training or None). `on_epoch` returns whether to stop.
nb::tuple train(const Recipe& recipe, nb::handle x, nb::handle y, nb::handle weights,
                const std::optional<std::vector<std::string>>& class_names, const std::string& name,
                const nb::callable& on_epoch, const nb::callable& on_progress) {
  const ArrayDataset arrays = dataset_of(x, y, class_names, name, weights);
  History history;
  std::optional<Model> model;
  TrainingFacts facts{.num_threads = process_threads(), .num_networks = recipe.members};
  nb::object exception = run_in_background([&](Background& background) {
    model = fit(
        recipe, arrays.data,
        {.on_step =
             [&](const TrainingProgress& progress) {
               ++facts.num_steps;
               background.call_later([&on_progress, progress] {
                 on_progress(progress);
                 return false;
               });
             },
         .on_epoch =
             [&](const EpochRecord& record, bool best) {
               history.epochs.push_back(record);
               if (best) history.best_epoch = record.epoch;
               background.call([&on_epoch, record] { return nb::cast<bool>(on_epoch(record)); });
             },
         .should_stop = [&] { return background.stopped(); }});
    const ValidationSplit split = split_by(recipe, arrays.data);
    facts.num_train = std::ssize(split.train);
    facts.num_validation = std::ssize(split.validation);
  });
  facts.num_epochs = std::ssize(history.epochs);
  facts.best_epoch = history.best_epoch;
  if (!history.epochs.empty()) facts.seconds = history.epochs.back().elapsed_seconds;
  return nb::make_tuple(PythonModel(std::move(*model)), history, facts, exception);
}

void bind_recipe(nb::module_& module) {
  nb::class_<Recipe>(module, "Recipe", R"(How to train: every setting that the result depends on.

The fields are the keys of docs/recipes.md; tables (optimizer, schedule, augmentation, tta, layers)
are dictionaries.)")
      .def(nb::init<>())
      .def_rw("name", &Recipe::name)
      .def_rw("description", &Recipe::description)
      .def_rw("layers", &Recipe::layers)
      .def_rw("epochs", &Recipe::epochs)
      .def_rw("batch_size", &Recipe::batch_size)
      .def_rw("validation", &Recipe::validation)
      .def_rw("patience", &Recipe::patience)
      .def_rw("seed", &Recipe::seed)
      .def_rw("split_seed", &Recipe::split_seed, nb::arg().none())
      .def_rw("members", &Recipe::members)
      .def_rw("precision", &Recipe::precision)
      .def_rw("data", &Recipe::data)
      .def_rw("ema_decay", &Recipe::ema_decay)
      .def_rw("class_weights", &Recipe::class_weights)
      .def_rw("batch_norm", &Recipe::batch_norm)
      .def_rw("label_smoothing", &Recipe::label_smoothing)
      .def_rw("gradient_clip", &Recipe::gradient_clip)
      .def_prop_rw(
          "optimizer", [](const Recipe& recipe) { return to_attributes(recipe.optimizer, true); },
          [](Recipe& recipe, const Attributes& options) {
            recipe.optimizer = read_optimizer(options, recipe.name + ": [optimizer]");
          })
      .def_prop_rw(
          "schedule", [](const Recipe& recipe) { return to_attributes(recipe.schedule, true); },
          [](Recipe& recipe, const Attributes& options) {
            recipe.schedule = read_schedule(options, recipe.name + ": [schedule]");
          })
      .def_prop_rw(
          "augmentation", [](const Recipe& recipe) { return to_attributes(recipe.augmentation); },
          [](Recipe& recipe, const Attributes& options) {
            recipe.augmentation = read_augment_options(options, recipe.name + ": [augmentation]");
          })
      .def_prop_rw(
          "tta", [](const Recipe& recipe) { return to_attributes(recipe.tta); },
          [](Recipe& recipe, const Attributes& options) {
            recipe.tta =
                read_test_time_augmentation(options, recipe.name + ": [test_time_augmentation]");
          })
      .def(
          "__eq__", [](const Recipe& a, const Recipe& b) { return a == b; }, nb::is_operator(),
          nb::sig("def __eq__(self, other: object, /) -> bool"))
      .def("to_toml", nb::overload_cast<const Recipe&>(&to_toml))
      .def_static("parse", &parse_recipe, "toml"_a, "source"_a = "recipe",
                  "The recipe of a TOML text. Raises DataError, a ValueError.")
      .def("__getstate__", nb::overload_cast<const Recipe&>(&to_toml))
      .def("__setstate__", [](Recipe& recipe, const std::string& toml) {
        new (&recipe) Recipe(parse_recipe(toml, "pickled recipe"));
      });
  module.def(
      "find_recipe", &find_recipe, "name_or_path"_a,
      "A shipped recipe by its name (\"notebook\", \"fast\"), or that of a TOML file. Raises "
      "DataError, a ValueError.");
  module.def("recipe_names", &recipe_names, "The names of the shipped recipes.");
}

// For the tests, which compare the defaults of Python's options with these.
void bind_defaults(nb::module_& module) {
  module.def(
      "filled_in_layers",
      [](const std::vector<Attributes>& layers, const std::array<std::int64_t, 3>& image) {
        Network network({image[0], image[1], image[2]});
        for (const Attributes& layer : layers) network.add(layer);
        return network.layer_attributes();
      },
      "layers"_a, "image_shape"_a, "The layers with every default filled in.");
  module.def(
      "filled_in_optimizer",
      [](const Attributes& options) {
        return to_attributes(read_optimizer(options, "[optimizer]"), true);
      },
      "options"_a);
  module.def(
      "filled_in_schedule",
      [](const Attributes& options) {
        return to_attributes(read_schedule(options, "[schedule]"), true);
      },
      "options"_a);
}

}  // namespace

void bind_training(nb::module_& module) {
  bind_recipe(module);
  bind_defaults(module);
  nb::class_<TrainingProgress>(module, "TrainingProgress", "How far a training has come.")
      .def_ro("epoch", &TrainingProgress::epoch, "From 1.")
      .def_ro("num_epochs", &TrainingProgress::num_epochs)
      .def_ro("step_in_epoch", &TrainingProgress::step_in_epoch)
      .def_ro("steps_per_epoch", &TrainingProgress::steps_per_epoch)
      .def_ro("images_per_second", &TrainingProgress::images_per_second)
      .def_ro("loss", &TrainingProgress::loss, "Mean over this epoch so far.")
      .def_ro("accuracy", &TrainingProgress::accuracy)
      .def_ro("seconds_left", &TrainingProgress::seconds_left);
  nb::class_<TrainingFacts>(module, "TrainingFacts", "Figures of a training, for a report.")
      .def("__getstate__",
           [](const TrainingFacts& facts) {
             return std::make_tuple(facts.seconds, facts.num_steps, facts.num_epochs,
                                    facts.best_epoch, facts.num_train, facts.num_validation,
                                    facts.num_threads, facts.num_networks);
           })
      .def("__setstate__",
           [](TrainingFacts& facts,
              const std::tuple<double, std::int64_t, std::int64_t, std::int64_t, std::int64_t,
                               std::int64_t, int, std::int64_t>& state) {
             new (&facts) TrainingFacts(std::make_from_tuple<TrainingFacts>(state));
           });
  module.def(
      "train", &train, "recipe"_a, "x"_a, "y"_a, "weights"_a.none(), "class_names"_a.none(),
      "name"_a, "on_epoch"_a, "on_progress"_a,
      nb::sig("def train(recipe: Recipe, x: numpy.typing.ArrayLike, y: numpy.typing.ArrayLike, "
              "weights: numpy.typing.NDArray[numpy.float32] | None, class_names: "
              "collections.abc.Sequence[str] | None, name: str, on_epoch: "
              "collections.abc.Callable[[EpochRecord], bool], on_progress: "
              "collections.abc.Callable[[TrainingProgress], None]) -> tuple[Model, "
              "History, TrainingFacts, BaseException | None]"));
}

}  // namespace digitry::python
