#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/report/fragments.h"
#include "digitry/tuning/study.h"
#include "digitry/tuning/tuner.h"
#include "python/src/arrays.h"
#include "python/src/background.h"
#include "python/src/module.h"

namespace digitry::python {
namespace nb = nanobind;
using namespace nb::literals;
namespace {

constexpr std::uint64_t kMaxSpaceBytes = 1 << 20;

/// digitry.Trial: a trial, and what its study searches.
struct PythonTrial : Trial {
  SearchSpace space;
};

/// digitry.SearchResult
struct SearchResult {
  StudySettings settings;
  std::vector<Trial> trials;
  Trial best;
};

PythonTrial trial_of(const Trial& trial, const StudySettings& settings) {
  return {{trial}, settings.space};
}

nb::dict values_of(const PythonTrial& trial) {
  nb::dict values;
  for (std::size_t i = 0; i < trial.point.size(); ++i)
    std::visit([&](const auto& value) { values[trial.space.values[i].path.c_str()] = value; },
               value_at(trial.space.values[i], trial.point[i]));
  return values;
}

std::string text_of(const PythonTrial& trial) {
  std::string values;
  const std::vector<std::string> texts = value_texts(trial.space, trial.point);
  for (std::size_t i = 0; i < texts.size(); ++i)
    values += ", " + trial.space.values[i].path + " " + texts[i];
  if (trial.state == TrialState::kFailed)
    return format_message("trial {}: failed: {}{}", trial.id, trial.message, values);
  return format_message("trial {}: {}, {:.2f} % after {} epochs{}", trial.id,
                        to_string(trial.state), 100 * trial.final_score(), trial.epochs, values);
}

Recipe best_recipe(const SearchResult& result) {
  Recipe recipe = recipe_of(result.settings, result.best);
  recipe.name = result.settings.recipe.name + "-tuned";
  return recipe;
}

std::string search_html(const SearchResult& result) {
  StudyContent content{.title = {},
                       .recipe = {},
                       .values = {},
                       .trials = {},
                       .best = result.best.id,
                       .num_fresh_seeds = std::ssize(result.best.fresh_scores)};
  for (const SearchedValue& searched : result.settings.space.values)
    content.values.push_back({.name = searched.path, .ticks = {}, .is_choice = false});
  for (const Trial& trial : result.trials) {
    content.trials.push_back({.id = trial.id,
                              .state = to_string(trial.state),
                              .score = trial.score,
                              .fresh_score = {},
                              .epochs = trial.epochs,
                              .seconds = trial.seconds,
                              .coordinates = {},
                              .values = value_texts(result.settings.space, trial.point)});
    if (!trial.fresh_scores.empty()) content.trials.back().fresh_score = trial.final_score();
  }
  return study_html(content);
}

SearchResult result_of(Study& study) {
  std::optional<Trial> best = study.best();
  std::vector<Trial> trials = study.trials();
  if (!best) {
    std::string why;
    for (const Trial& trial : trials)
      if (why.empty() && trial.state == TrialState::kFailed)
        why = format_message("; trial {}: {}", trial.id, trial.message);
    throw Error(ErrorCode::kUnavailable, "no trial has finished{}", why);
  }
  return {study.settings(), std::move(trials), std::move(*best)};
}

// Searches while this thread, which holds the GIL, calls the Python functions: (result or None,
// exception that stopped the search or None). Without `space`, that of the file `space_source`.
// `on_trial` returns whether to stop.
nb::tuple tune(const Recipe& recipe, nb::handle x, nb::handle y,
               const std::optional<std::vector<std::string>>& class_names,
               const std::optional<std::string>& space, const std::string& space_source,
               const std::string& location, std::int64_t num_trials, const std::string& sampler,
               std::uint64_t seed, bool stops_trials, double time_limit, std::int64_t num_seeds,
               const nb::callable& on_trial, const nb::callable& on_progress) {
  if (num_trials < 1 || num_seeds < 0 || !(time_limit >= 0))
    throw Error(ErrorCode::kInvalidArgument,
                "tune: expected trials of at least 1, seeds and time_limit of at least 0, got {}, "
                "{} and {}",
                num_trials, num_seeds, time_limit);
  const ArrayDataset arrays = dataset_of(x, y, class_names, "arrays");
  StudySettings settings{
      .recipe = recipe,
      .space = parse_search_space(space ? *space : read_file(space_source, kMaxSpaceBytes),
                                  space_source),
      .sampler = sampler,
      .seed = seed,
      .stops_trials = stops_trials,
      .num_trials = num_trials,
      .data_sha256 = arrays.data.sha256};
  std::optional<SearchResult> result;
  nb::object exception = run_in_background([&](Background& background) {
    make_sampler(sampler, settings.space);  // Throws for an unknown name.
    check_space(settings.recipe, settings.space, space_source);
    check_tunable(settings.recipe, arrays.data);
    Study study = Study::join(location, settings);
    study.set_num_trials(num_trials);
    study.reclaim_lost_trials();
    const TunerObserver observer{
        .on_begin = {},
        .on_step =
            [&](const Trial& trial, const TrainingProgress& progress) {
              background.call_later([&on_progress, id = trial.id, progress] {
                on_progress(id, progress);
                return false;
              });
            },
        .on_end =
            [&](const Trial& trial) {
              background.call([&on_trial, ended = trial_of(trial, settings)] {
                return nb::cast<bool>(on_trial(ended));
              });
            },
        .on_wait = {},
        .should_stop = [&] { return background.stopped(); }};
    SearchEnd end =
        run_trials(study, arrays.data, {.time_limit_seconds = time_limit, .halving = {}}, observer);
    if (end == SearchEnd::kFinished && num_seeds > 0)
      end = retrain_best(study, arrays.data, {.num_trials = 3, .num_seeds = num_seeds}, observer);
    if (end != SearchEnd::kInterrupted || study.best()) result = result_of(study);
  });
  if (!result && exception.is_none()) throw Error(ErrorCode::kUnavailable, "no trial has finished");
  return nb::make_tuple(result, exception);
}

}  // namespace

void bind_tuning(nb::module_& module) {
  nb::class_<PythonTrial>(module, "Trial", "One training of a search.")
      .def_ro("id", &PythonTrial::id, "From 1.")
      .def_prop_ro(
          "state", [](const PythonTrial& trial) { return to_string(trial.state); },
          "\"finished\"; \"stopped\" early, because others were better; \"failed\"; \"waiting\" "
          "after an\ninterruption; \"running\" in another process.")
      .def_prop_ro("values", &values_of,
                   nb::sig("def values(self) -> dict[str, int | float | bool | str]"),
                   "The searched values, by their paths in the recipe.")
      .def_ro("epochs", &PythonTrial::epochs, "Epochs completed.")
      .def_ro("val_accuracy", &PythonTrial::score, "Best validation accuracy, in [0, 1].")
      .def_ro("val_loss", &PythonTrial::loss, "Validation loss of that epoch.")
      .def_ro("seconds", &PythonTrial::seconds, "Training time.")
      .def_ro("message", &PythonTrial::message, "Why it failed, or empty.")
      .def_ro("fresh_val_accuracies", &PythonTrial::fresh_scores,
              "Validation accuracies of the same recipe with fresh seeds.")
      .def("__repr__", &text_of);
  nb::class_<SearchResult>(module, "SearchResult", "What a search has found.")
      .def_prop_ro(
          "best", [](const SearchResult& result) { return trial_of(result.best, result.settings); },
          "The best finished trial, by fresh seeds if there are any.")
      .def_prop_ro("best_recipe", &best_recipe,
                   "Its recipe, for ``fit_recipe``; ``to_toml()`` is a file for ``digitry train``.")
      .def_prop_ro(
          "trials",
          [](const SearchResult& result) {
            std::vector<PythonTrial> trials;
            for (const Trial& trial : result.trials)
              trials.push_back(trial_of(trial, result.settings));
            return trials;
          },
          "All trials, in order.")
      .def("_repr_html_", &search_html)
      .def("__repr__", [](const SearchResult& result) {
        return format_message("SearchResult({} trials; best: {})", result.trials.size(),
                              text_of(trial_of(result.best, result.settings)));
      });
  module.def("tune", &tune, "recipe"_a, "x"_a, "y"_a, "class_names"_a.none(), "space"_a.none(),
             "space_source"_a, "study"_a, "num_trials"_a, "sampler"_a, "seed"_a, "stops_trials"_a,
             "time_limit"_a, "num_seeds"_a, "on_trial"_a, "on_progress"_a,
             nb::sig("def tune(recipe: Recipe, x: numpy.typing.ArrayLike, y: "
                     "numpy.typing.ArrayLike, class_names: collections.abc.Sequence[str] | None, "
                     "space: str | None, space_source: str, study: str, "
                     "num_trials: int, sampler: str, seed: int, stops_trials: bool, time_limit: "
                     "float, num_seeds: int, on_trial: collections.abc.Callable[[Trial], bool], "
                     "on_progress: collections.abc.Callable[[int, TrainingProgress], None]) -> "
                     "tuple[SearchResult | None, BaseException | None]"));
}

}  // namespace digitry::python
