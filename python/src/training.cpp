#include "python/src/training.h"

#include <nanobind/stl/array.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/nn/network.h"
#include "digitry/optim/optimizer.h"
#include "digitry/optim/schedule.h"
#include "python/src/arrays.h"
#include "python/src/compute.h"
#include "python/src/model.h"
#include "python/src/module.h"

namespace digitry::python {
namespace nb = nanobind;
using namespace nb::literals;

TrainingThread::TrainingThread(const Recipe& recipe, const Dataset& data) {
  const SignalsBlocked inherited;
  thread_ = std::thread([this, &recipe, &data] {
    try {
      run_computation([&] { model_ = fit(recipe, data, observer()); });
    } catch (...) {
      error_ = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_all();
  });
}

TrainingThread::~TrainingThread() {
  stop();
  if (thread_.joinable()) thread_.join();
}

TrainingObserver TrainingThread::observer() {
  return {.on_step =
              [this](const TrainingProgress& progress) {
                const std::lock_guard lock(mutex_);
                progress_ = progress;
              },
          .on_epoch =
              [this](const EpochRecord& record, bool best) {
                std::unique_lock lock(mutex_);
                epoch_ = {record, best};
                changed_.notify_all();
                changed_.wait(lock, [&] { return !epoch_.has_value() || stopped_; });
              },
          .should_stop = [this] { return stopped_.load(); }};
}

TrainingThread::News TrainingThread::wait(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, at_most, [&] { return epoch_.has_value() || done_; });
  return {.epoch = epoch_, .progress = std::exchange(progress_, std::nullopt), .done = done_};
}

void TrainingThread::go_on() {
  const std::lock_guard lock(mutex_);
  epoch_.reset();
  changed_.notify_all();
}

void TrainingThread::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

Model TrainingThread::take_model() {
  thread_.join();
  if (error_) std::rethrow_exception(error_);
  return std::move(model_);
}

namespace {

constexpr std::chrono::milliseconds kPollInterval{50};

// Calls `call`; the exception that it raises, or None.
template <typename Call>
nb::object exception_of(const Call& call) {
  try {
    call();
  } catch (nb::python_error& error) {
    return nb::borrow(error.value());
  }
  return nb::none();
}

// Trains while this thread, which holds the GIL, calls the Python functions: (model, history,
// exception that stopped the training or None). `on_epoch` returns whether to stop.
nb::tuple train(const Recipe& recipe, nb::handle x, nb::handle y,
                const std::optional<std::vector<std::string>>& class_names, const std::string& name,
                const nb::object& on_epoch, const nb::object& on_progress) {
  Images images = images_of(x, std::nullopt, PixelType::kBytes);
  Labels labels = labels_of(y, images.pixels.shape()[0]);
  std::vector<std::string> names = class_names.value_or(std::vector<std::string>());
  for (std::int64_t i = 0; names.empty() && i < labels.num_classes; ++i)
    names.push_back(std::to_string(i));
  const Dataset data = without_gil([&] {
    return make_dataset(std::move(images.pixels), std::move(labels.values), std::move(names), name);
  });
  History history;
  nb::object exception = nb::none();
  TrainingThread training(recipe, data);
  for (bool done = false; !done;) {
    TrainingThread::News news;
    {
      const nb::gil_scoped_release release;
      news = training.wait(kPollInterval);
    }
    done = news.done;
    bool stop = false;
    if (news.epoch) {
      const auto& [record, best] = *news.epoch;
      history.epochs.push_back(record);
      if (best) history.best_epoch = record.epoch;
    }
    if (exception.is_none()) {
      exception = exception_of([&] {
        if (news.progress && !on_progress.is_none()) on_progress(*news.progress);
        if (news.epoch && !on_epoch.is_none()) stop = nb::cast<bool>(on_epoch(news.epoch->first));
        if (PyErr_CheckSignals() != 0) throw nb::python_error();
      });
    }
    if (stop || !exception.is_none()) training.stop();
    if (news.epoch) training.go_on();
  }
  std::optional<Model> model;
  {
    const nb::gil_scoped_release release;
    model = training.take_model();
  }
  return nb::make_tuple(PythonModel(std::move(*model)), history, exception);
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
      .def_rw("label_smoothing", &Recipe::label_smoothing)
      .def_rw("gradient_clip", &Recipe::gradient_clip)
      .def_rw("optimizer", &Recipe::optimizer)
      .def_rw("schedule", &Recipe::schedule)
      .def_rw("augmentation", &Recipe::augmentation)
      .def_rw("tta", &Recipe::tta)
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
      [](const Attributes& options) { return make_optimizer(options, {})->attributes(); },
      "options"_a);
  module.def(
      "filled_in_schedule",
      [](const Attributes& options) { return make_schedule(options)->attributes(); }, "options"_a);
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
  module.def(
      "train", &train, "recipe"_a, "x"_a, "y"_a, "class_names"_a.none(), "name"_a,
      "on_epoch"_a.none(), "on_progress"_a.none(),
      nb::sig("def train(recipe: Recipe, x: numpy.typing.ArrayLike, y: numpy.typing.ArrayLike, "
              "class_names: collections.abc.Sequence[str] | None, name: str, on_epoch: "
              "collections.abc.Callable[[EpochRecord], bool] | None, on_progress: "
              "collections.abc.Callable[[TrainingProgress], None] | None) -> tuple[Model, "
              "History, BaseException | None]"));
}

}  // namespace digitry::python
