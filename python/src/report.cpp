#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/report/run_report.h"
#include "digitry/training/evaluation_data.h"
#include "digitry/training/recipe.h"
#include "digitry/training/run_folder.h"
#include "python/src/arrays.h"
#include "python/src/compute.h"
#include "python/src/model.h"
#include "python/src/module.h"

namespace digitry::python {
namespace nb = nanobind;
using namespace nb::literals;
namespace {

std::string report_of_run(const std::filesystem::path& path) {
  return without_gil([&] {
    const EvaluatedRun evaluated = evaluate_run(path);
    write_run_report(evaluated.report());
    return evaluated.run.folder.report().string();
  });
}

// The training images as `find_training_images` returns them, for images in memory.
TrainingImages training_images(const Recipe& recipe, const Model& model,
                               const std::optional<ArrayDataset>& train) {
  if (!train) return {.data = nullptr, .indices = {}, .absence = "no training images were passed"};
  const auto hash = model.provenance.find("data_sha256");
  if (hash == model.provenance.end() || hash->second != train->data.sha256)
    throw Error(
        ErrorCode::kBadData,
        "train: expected the images and labels that the network was trained on, got others");
  // Not owned: the arrays outlive the report.
  return {.data = {&train->data, [](const Dataset*) {}},
          .indices = split_by(recipe, train->data).train,
          .absence = {}};
}

std::string write_report(const std::filesystem::path& folder, const PythonModel& self,
                         const History& history, const TrainingFacts& facts, nb::handle x,
                         nb::handle y, const std::string& split,
                         const std::optional<nb::tuple>& train) {
  const Model& model = self.model();
  ArrayDataset arrays = dataset_of(x, y, model.class_names, "arrays");
  std::optional<ArrayDataset> trained;
  if (train && nb::len(*train) != 2) throw nb::type_error("train: expected a pair (x, y)");
  if (train) trained = dataset_of((*train)[0], (*train)[1], model.class_names, "train");
  return without_gil([&] {
    const Recipe recipe = parse_recipe(model.provenance.at("recipe"), "the model's recipe");
    const EvaluationData images{.split = split, .data = std::move(arrays.data)};
    const EvaluationResult result = evaluate(model, images);
    const RunFolder run{folder};
    const RunMetrics metrics =
        parse_run_metrics(metrics_json(result, model, facts, {}), run.metrics().string());
    const TrainingImages trained_on = training_images(recipe, model, trained);
    write_run_report({.folder = run,
                      .recipe = recipe,
                      .metrics = metrics,
                      .history = history,
                      .model = model,
                      .evaluation = result.evaluation,
                      .evaluated_on = images.data,
                      .trained_on = trained_on});
    return run.report().string();
  });
}

}  // namespace

void bind_report(nb::module_& module) {
  module.def("report", &report_of_run, "run"_a,
             nb::sig("def report(run: str | os.PathLike[str]) -> str"),
             R"(Rewrites report.html and the figures of a run that ``digitry train`` made.

Args:
    run: the folder of the run.

Returns:
    The path of the report.

Raises:
    DataError: if the run is not finished, or its data are missing or others; a ValueError.
    UnavailableError: if gnuplot, which draws the curves, is not installed; a RuntimeError.
    FileError: if a file cannot be written; an OSError.)");
  module.def("write_report", &write_report, "folder"_a, "model"_a, "history"_a, "facts"_a, "x"_a,
             "y"_a, "split"_a, "train"_a.none(),
             nb::sig("def write_report(folder: str | os.PathLike[str], model: Model, history: "
                     "History, facts: TrainingFacts, x: numpy.typing.ArrayLike, y: "
                     "numpy.typing.ArrayLike, split: str, train: tuple[numpy.typing.ArrayLike, "
                     "numpy.typing.ArrayLike] | None) -> str"));
}

}  // namespace digitry::python
