#include "python/src/evaluation.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/evaluation/evaluation_text.h"
#include "digitry/evaluation/history.h"
#include "digitry/report/fragments.h"
#include "python/src/arrays.h"
#include "python/src/module.h"

namespace digitry::python {
namespace nb = nanobind;
using namespace nb::literals;
namespace {

constexpr std::size_t kShownMistakes = 10;
constexpr std::size_t kGallery = 24;

nb::ndarray<nb::numpy, std::int64_t> confusion_of(const PythonEvaluation& evaluation) {
  const std::size_t classes = evaluation.confusion.size();
  std::vector<std::int64_t> counts;
  for (const auto& row : evaluation.confusion) counts.insert(counts.end(), row.begin(), row.end());
  std::int64_t* data = counts.data();
  return owned_array<std::int64_t>(std::move(counts), data, {classes, classes});
}

// The history of one column of history.csv: nan where it was not measured.
template <typename Value>
nb::list column(const History& history, Value EpochRecord::*member) {
  nb::list values;
  for (const EpochRecord& record : history.epochs) {
    if constexpr (std::is_same_v<Value, std::optional<double>>)
      values.append((record.*member).value_or(std::numeric_limits<double>::quiet_NaN()));
    else
      values.append(record.*member);
  }
  return values;
}

nb::dict columns(const History& history) {
  nb::dict all;
  all["loss"] = column(history, &EpochRecord::loss);
  all["accuracy"] = column(history, &EpochRecord::accuracy);
  all["val_loss"] = column(history, &EpochRecord::val_loss);
  all["val_accuracy"] = column(history, &EpochRecord::val_accuracy);
  all["learning_rate"] = column(history, &EpochRecord::learning_rate);
  return all;
}

void bind_parts(nb::module_& module) {
  nb::class_<ClassMetrics>(module, "ClassMetrics",
                           "Precision, recall and F1 of one class; 0 if the denominator is 0.")
      .def_ro("precision", &ClassMetrics::precision)
      .def_ro("recall", &ClassMetrics::recall)
      .def_ro("f1", &ClassMetrics::f1)
      .def_ro("support", &ClassMetrics::support, "Number of images of this class.");
  nb::class_<LabelledPrediction>(module, "LabelledPrediction",
                                 "The prediction for one image, with its label.")
      .def_ro("image_index", &LabelledPrediction::image_index)
      .def_ro("label", &LabelledPrediction::label)
      .def_ro("predicted", &LabelledPrediction::predicted)
      .def_ro("probability", &LabelledPrediction::probability, "Of the predicted class, in [0, 1].")
      .def_ro("label_probability", &LabelledPrediction::label_probability,
              "Of the true class, in [0, 1].")
      .def("__repr__", [](const LabelledPrediction& p) {
        return format_message(
            "LabelledPrediction(image_index={}, label={}, predicted={}, probability={:.4f})",
            p.image_index, p.label, p.predicted, p.probability);
      });
  nb::class_<ConfusedPair>(module, "ConfusedPair",
                           "How often images of class ``label`` were classified as ``predicted``.")
      .def_ro("label", &ConfusedPair::label)
      .def_ro("predicted", &ConfusedPair::predicted)
      .def_ro("count", &ConfusedPair::count);
}

void bind_history(nb::module_& module) {
  nb::class_<EpochRecord>(module, "EpochRecord", "One epoch of a training.")
      .def_ro("epoch", &EpochRecord::epoch, "From 1.")
      .def_ro("learning_rate", &EpochRecord::learning_rate, "In the last step of the epoch.")
      .def_ro("loss", &EpochRecord::loss, "Mean over the epoch's batches, while training on them.")
      .def_ro("accuracy", &EpochRecord::accuracy, "Likewise; in [0, 1].")
      .def_ro("val_loss", &EpochRecord::val_loss, "On the validation images, if there are any.")
      .def_ro("val_accuracy", &EpochRecord::val_accuracy)
      .def_ro("images_per_second", &EpochRecord::images_per_second)
      .def_ro("elapsed_seconds", &EpochRecord::elapsed_seconds,
              "Since the start of training, including validation.");
  nb::class_<History>(module, "History", "The history of a training, epoch by epoch.")
      .def_ro("epochs", &History::epochs, "One record per epoch.")
      .def_ro("best_epoch", &History::best_epoch,
              "The epoch whose weights were kept, from 1; 0 if none was selected.")
      .def_prop_ro("history", &columns, nb::sig("def history(self) -> dict[str, list[float]]"),
                   "The columns by name, as in Keras: ``loss``, ``accuracy``, ``val_loss``, "
                   "``val_accuracy``,\n``learning_rate``. A value that was not measured is nan.")
      .def("to_csv", nb::overload_cast<const History&>(&to_csv),
           "One header line and one line per epoch, as in the ``history.csv`` of a run.")
      .def("_repr_html_", &history_html)
      .def("__repr__",
           [](const History& history) {
             return format_message("History(epochs={}, best_epoch={})", history.epochs.size(),
                                   history.best_epoch);
           })
      .def("__len__", [](const History& history) { return history.epochs.size(); })
      .def("__getstate__",
           [](const History& history) {
             return std::make_pair(to_csv(history), history.best_epoch);
           })
      .def("__setstate__", [](History& history, const std::pair<std::string, std::int64_t>& state) {
        new (&history) History(history_from_csv(state.first, "pickled history"));
        history.best_epoch = state.second;
      });
}

}  // namespace

PythonEvaluation with_gallery(Evaluation evaluation, const Tensor& images) {
  std::vector<std::int32_t> indices;
  for (const LabelledPrediction& mistake : evaluation.mistakes)
    if (indices.size() < kGallery)
      indices.push_back(static_cast<std::int32_t>(mistake.image_index));
  PythonEvaluation kept{std::move(evaluation), {}};
  if (indices.empty()) return kept;
  Tensor shown = images.take(indices);
  if (shown.dtype() == DType::kU8) {
    kept.shown = std::move(shown);
    return kept;
  }
  kept.shown = Tensor(shown.shape(), DType::kU8);
  std::ranges::transform(shown.as<float>(), kept.shown.as<std::uint8_t>().begin(),
                         [](float value) { return static_cast<std::uint8_t>(value + 0.5F); });
  return kept;
}

void bind_evaluation(nb::module_& module) {
  bind_parts(module);
  bind_history(module);
  nb::class_<PythonEvaluation>(module, "Evaluation",
                               "The evaluation of a model on labelled images.")
      .def_ro("num_images", &Evaluation::num_images)
      .def_ro("num_correct", &Evaluation::num_correct)
      .def_ro("accuracy", &Evaluation::accuracy, "Share of correct predictions, in [0, 1].")
      .def_prop_ro(
          "accuracy_95",
          [](const PythonEvaluation& e) {
            return std::make_pair(e.accuracy_95.low, e.accuracy_95.high);
          },
          "Wilson's 95 % interval of the accuracy.")
      .def_ro("loss", &Evaluation::loss, "Mean cross-entropy in nats.")
      .def_prop_ro(
          "expected_calibration_error",
          [](const PythonEvaluation& e) { return e.calibration.expected_calibration_error; },
          "How far probabilities are from the accuracy, in [0, 1].")
      .def_prop_ro(
          "brier_score", [](const PythonEvaluation& e) { return e.calibration.brier_score; },
          "Mean squared distance of the probabilities from the truth, in [0, 2].")
      .def_ro("class_names", &Evaluation::class_names)
      .def_ro("per_class", &Evaluation::per_class, "Metrics of each class.")
      .def_prop_ro("confusion", &confusion_of, nb::rv_policy::automatic,
                   "Number of images, int64 (classes, classes): [true class][predicted class].")
      .def_ro("most_confused", &Evaluation::most_confused, "Wrong pairs, most frequent first.")
      .def_ro("mistakes", &Evaluation::mistakes, "Wrong predictions, most confident first.")
      .def_prop_ro(
          "suspected_labels", [](const PythonEvaluation& e) { return e.suspected_labels.images; },
          "Images whose label may be wrong, most suspicious first.")
      .def(
          "to_json", [](const PythonEvaluation& e) { return to_json(e); },
          "Every figure, as ``digitry evaluate --json`` prints them.")
      .def("_repr_html_", [](const PythonEvaluation& e) { return evaluation_html(e, e.shown); })
      .def("__str__", [](const PythonEvaluation& e) { return to_text(e, "", kShownMistakes); })
      .def("__repr__", [](const PythonEvaluation& e) {
        return format_message("Evaluation(accuracy={:.4f}, loss={:.4f}, num_images={})", e.accuracy,
                              e.loss, e.num_images);
      });
}

}  // namespace digitry::python
