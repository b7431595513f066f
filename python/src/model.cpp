#include "python/src/model.h"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/base/version.h"
#include "digitry/evaluation/evaluate.h"
#include "digitry/report/fragments.h"
#include "digitry/training/run_folder.h"
#include "python/src/arrays.h"
#include "python/src/compute.h"
#include "python/src/evaluation.h"
#include "python/src/module.h"

namespace digitry::python {
namespace nb = nanobind;
using namespace nb::literals;
namespace {

constexpr std::int64_t kPickleFormat = 1;

using FloatArray = nb::ndarray<nb::numpy, float>;
using IndexArray = nb::ndarray<nb::numpy, std::int64_t>;
using DoubleArray = nb::ndarray<nb::numpy, double>;

Images images_for(const PythonModel& self, nb::handle x) {
  return images_of(x, self.model().input_shape(), PixelType::kAny);
}

Tensor logits_of(const PythonModel& self, const Images& images) {
  return without_gil([&] { return self.classifier->logits(images.pixels); });
}

IndexArray predict(const PythonModel& self, nb::handle x) {
  const Images images = images_for(self, x);
  const Tensor logits = logits_of(self, images);
  const auto classes = static_cast<std::size_t>(logits.shape()[1]);
  std::vector<std::int64_t> labels;
  labels.reserve(static_cast<std::size_t>(logits.shape()[0]));
  for (auto rest = logits.as<float>(); !rest.empty(); rest = rest.subspan(classes))
    labels.push_back(std::ranges::max_element(rest.first(classes)) - rest.begin());
  return array_of(std::move(labels));
}

FloatArray predict_proba(const PythonModel& self, nb::handle x) {
  const Images images = images_for(self, x);
  Tensor logits = logits_of(self, images);
  softmax_rows(logits, static_cast<double>(self.model().temperature));
  return array_of<float>(std::move(logits));
}

FloatArray logits(const PythonModel& self, nb::handle x) {
  const Images images = images_for(self, x);
  return array_of<float>(logits_of(self, images));
}

FloatArray features(const PythonModel& self, nb::handle x) {
  const Images images = images_for(self, x);
  return array_of<float>(without_gil([&] { return self.classifier->features(images.pixels); }));
}

DoubleArray in_distribution_scores(const PythonModel& self, nb::handle x) {
  const Images images = images_for(self, x);
  return array_of(
      without_gil([&] { return self.classifier->in_distribution_scores(images.pixels); }));
}

PythonEvaluation evaluate_arrays(const PythonModel& self, nb::handle x, nb::handle y) {
  const Images images = images_for(self, x);
  const Labels labels = labels_of(y, images.pixels.shape()[0]);
  const Model& model = self.model();
  return without_gil([&] {
    return with_gallery(evaluate_logits(self.classifier->logits(images.pixels), labels.values,
                                        model.class_names, static_cast<double>(model.temperature)),
                        images.pixels);
  });
}

std::vector<std::tuple<std::string, std::vector<std::int64_t>, std::int64_t>> layers(
    const PythonModel& self) {
  std::vector<std::tuple<std::string, std::vector<std::int64_t>, std::int64_t>> rows;
  for (const LayerSummary& layer : self.model().members.front().network.summary())
    rows.emplace_back(layer.name, layer.output_shape.extents(), layer.num_parameters);
  return rows;
}

PythonModel from_bytes(nb::bytes bytes) {
  return PythonModel(model_from_bytes({bytes.c_str(), bytes.size()}, "model"));
}

nb::bytes to_bytes(const PythonModel& self) {
  const std::string bytes = model_to_bytes(self.model());
  return nb::bytes(bytes.data(), bytes.size());
}

nb::tuple state_of(const PythonModel& self) {
  return nb::make_tuple(kPickleFormat, std::string(version()), to_bytes(self));
}

void set_state(PythonModel& self, const nb::tuple& state) {
  std::int64_t format = 0;
  if (nb::len(state) != 3 || !nb::try_cast(state[0], format) || format != kPickleFormat)
    throw Error(
        ErrorCode::kBadData,
        "pickled model: expected format {}, got {}; use the version of digitry that wrote it, "
        "or Model.save and digitry.load, whose files every version reads",
        kPickleFormat, nb::len(state) > 0 ? nb::cast<std::string>(nb::repr(state[0])) : "");
  new (&self) PythonModel(from_bytes(nb::cast<nb::bytes>(state[2])));
}

}  // namespace

void bind_model(nb::module_& module) {
  module.def("shipped_model_names", &shipped_model_names,
             "The names of the shipped models, which ``load`` accepts.");
  module.def(
      "load",
      [](const std::filesystem::path& path) { return PythonModel(open_model(path.string())); },
      "model"_a, nb::sig("def load(model: str | os.PathLike[str] = 'cnn-best') -> Model"),
      R"(Loads a model.

Args:
    model: the name of a shipped model ("cnn-best", "tiny"), a file, or the folder of a run.

Raises:
    DataError: if there is no such model, or the file is damaged; a ValueError.
    FileError: if the file cannot be read; an OSError.)");
  nb::class_<PythonModel>(module, "Model", R"(A trained classifier of images.

Immutable, and safe to use from several threads; the GIL is released while it computes. ``x`` below is
an array of n images: (n, height, width), (n, height, width, 1), (n, 1, height, width) or
(n, height * width); uint8 from 0 to 255 or floats from 0 to 1. C-contiguous uint8 arrays are not
copied. Wrong shapes and values raise ShapeError and DataError, which are ValueErrors; wrong dtypes
raise TypeError.)")
      .def("predict", &predict, "x"_a,
           nb::sig("def predict(self, x: numpy.typing.ArrayLike) -> "
                   "numpy.typing.NDArray[numpy.int64]"),
           "The most probable class of each image: indices into ``class_names``, int64 (n,).")
      .def("predict_proba", &predict_proba, "x"_a,
           nb::sig("def predict_proba(self, x: numpy.typing.ArrayLike) -> "
                   "numpy.typing.NDArray[numpy.float32]"),
           "The calibrated probability of each class, float32 (n, classes); rows sum to 1.")
      .def("logits", &logits, "x"_a,
           nb::sig("def logits(self, x: numpy.typing.ArrayLike) -> "
                   "numpy.typing.NDArray[numpy.float32]"),
           "The logits, float32 (n, classes); divide them by ``temperature`` before a softmax.")
      .def(
          "features", &features, "x"_a,
          nb::sig("def features(self, x: numpy.typing.ArrayLike) -> "
                  "numpy.typing.NDArray[numpy.float32]"),
          "The input of the last layer with weights, float32 (n, features), of the first network:\n"
          "images that look alike have features that are near each other.")
      .def("in_distribution_scores", &in_distribution_scores, "x"_a,
           nb::sig("def in_distribution_scores(self, x: numpy.typing.ArrayLike) -> "
                   "numpy.typing.NDArray[numpy.float64]"),
           "How similar images are to those of the training, float64 (n,) in [0, 1]. Below\n"
           "``rejection_threshold`` an image probably shows no digit.")
      .def("evaluate", &evaluate_arrays, "x"_a, "y"_a,
           nb::sig("def evaluate(self, x: numpy.typing.ArrayLike, y: numpy.typing.ArrayLike) -> "
                   "Evaluation"),
           "Compares predictions with labels ``y``: class indices (n,) or one-hot (n, classes).")
      .def(
          "save",
          [](const PythonModel& self, const std::filesystem::path& path) {
            save_model(self.model(), path.string());
          },
          "path"_a, nb::sig("def save(self, path: str | os.PathLike[str]) -> None"),
          "Writes a safetensors file, whole or not at all. Raises FileError, an OSError.")
      .def("to_bytes", &to_bytes, "The bytes of the file that ``save`` writes.")
      .def_static("from_bytes", &from_bytes, "data"_a, "The model of such bytes.")
      .def_prop_ro("class_names", [](const PythonModel& self) { return self.model().class_names; })
      .def_prop_ro(
          "input_shape",
          [](const PythonModel& self) {
            const Shape& shape = self.model().input_shape();
            return std::make_tuple(shape[0], shape[1], shape[2]);
          },
          "Channels, height and width of an image.")
      .def_prop_ro("num_parameters",
                   [](const PythonModel& self) { return self.model().num_parameters(); })
      .def_prop_ro("num_networks",
                   [](const PythonModel& self) { return self.model().members.size(); })
      .def_prop_ro(
          "layers", &layers,
          "Name, output shape and number of parameters of each layer of the first network.")
      .def_prop_ro(
          "temperature", [](const PythonModel& self) { return self.model().temperature; },
          "Divides the logits before the softmax; fitted on validation images.")
      .def_prop_ro("rejection_threshold",
                   [](const PythonModel& self) { return self.model().rejection_threshold; })
      .def_prop_ro(
          "provenance", [](const PythonModel& self) { return self.model().provenance; },
          "Seed, recipe, hash of the data, version...")
      .def("__getstate__", &state_of, nb::sig("def __getstate__(self) -> tuple[int, str, bytes]"))
      .def("__setstate__", &set_state,
           nb::sig("def __setstate__(self, state: tuple[int, str, bytes]) -> None"))
      .def("_repr_html_", [](const PythonModel& self) { return model_html(self.model()); })
      .def("__repr__", [](const PythonModel& self) {
        const Shape& shape = self.model().input_shape();
        return format_message("Model(input_shape=({}, {}, {}), classes={}, parameters={})",
                              shape[0], shape[1], shape[2], self.model().class_names.size(),
                              self.model().num_parameters());
      });
}

}  // namespace digitry::python
