#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/base/text.h"
#include "digitry/evaluation/nearest_images.h"
#include "digitry/evaluation/occlusion.h"
#include "digitry/image/thumbnails.h"
#include "digitry/report/attribution.h"
#include "digitry/report/explanation_png.h"
#include "digitry/training/explain_evaluation.h"
#include "python/src/arrays.h"
#include "python/src/background.h"
#include "python/src/compute.h"
#include "python/src/model.h"
#include "python/src/module.h"

namespace digitry::python {
namespace nb = nanobind;
using namespace nb::literals;
namespace {

constexpr std::size_t kShown = 24;
constexpr std::int64_t kMaxNearest = 1000;

/// digitry.Explanations: which pixels led to each answer, and which training images are nearest.
struct PythonExplanations {
  Tensor images;  // uint8 [N, C, H, W]
  std::vector<Contrast> contrasts;
  Tensor attributions;                          // float32 [N, H, W]
  std::vector<std::vector<Neighbour>> nearest;  // N lists, or none
  Tensor nearest_images;                        // uint8 [K, C, H, W], list by list
  std::vector<std::string> class_names;
};

nb::ndarray<nb::numpy, std::int64_t> classes_of(const PythonExplanations& self,
                                                std::int32_t Contrast::*member) {
  std::vector<std::int64_t> classes;
  for (const Contrast& contrast : self.contrasts) classes.push_back(contrast.*member);
  return array_of(std::move(classes));
}

std::string png_of(const PythonExplanations& self, std::int64_t index) {
  const Thumbnailer thumbnailer(self.images);
  const std::int64_t height = self.attributions.shape()[1];
  const std::int64_t width = self.attributions.shape()[2];
  const auto pixels = static_cast<std::size_t>(height * width);
  const auto map =
      self.attributions.as<float>().subspan(static_cast<std::size_t>(index) * pixels, pixels);
  std::vector<Image> near;
  if (!self.nearest.empty()) {
    const Thumbnailer theirs(self.nearest_images);
    const auto count =
        static_cast<std::int64_t>(self.nearest[static_cast<std::size_t>(index)].size());
    for (std::int64_t i = 0; i < std::min<std::int64_t>(count, kNearestShown); ++i)
      near.push_back(theirs.make(index * count + i));
  }
  return encode_explanation_png(
      thumbnailer.make(index),
      make_attribution_picture(map, height, width, thumbnailer.reduction()), near);
}

std::string html_of(const PythonExplanations& self) {
  const nb::object escape = nb::module_::import_("html").attr("escape");
  const auto name = [&](std::int32_t label) {
    return nb::cast<std::string>(escape(self.class_names[static_cast<std::size_t>(label)]));
  };
  std::string html;
  for (std::size_t i = 0; i < std::min(kShown, self.contrasts.size()); ++i) {
    const std::string question =
        "why " + name(self.contrasts[i].answer) + " and not " + name(self.contrasts[i].rival);
    html += "<figure><img alt=\"" + question +
            "\" style=\"max-width: 100%\" src=\"data:image/png;base64," +
            base64(png_of(self, static_cast<std::int64_t>(i))) + "\"><figcaption>" + question +
            "</figcaption></figure>";
  }
  return "<div>" + html + "</div>";
}

std::vector<std::int32_t> classes_asked(nb::handle value, const PythonModel& model,
                                        std::int64_t num_images, const char* name) {
  if (value.is_none()) return {};
  std::int32_t one = 0;
  std::vector<std::int32_t> classes = nb::try_cast(value, one)
                                          ? std::vector(static_cast<std::size_t>(num_images), one)
                                          : labels_of(value, num_images).values;
  const auto count = static_cast<std::int32_t>(model.model().class_names.size());
  for (const std::int32_t label : classes)
    if (label < 0 || label >= count)
      throw Error(ErrorCode::kBadData, "{}: expected classes in [0, {}], got {}", name, count - 1,
                  label);
  return classes;
}

std::optional<std::int32_t> at(const std::vector<std::int32_t>& classes, std::size_t index) {
  return classes.empty() ? std::nullopt : std::optional(classes[index]);
}

std::vector<Contrast> contrasts_of(const PythonModel& model, const Tensor& images,
                                   const std::vector<std::int32_t>& labels,
                                   const std::vector<std::int32_t>& against) {
  const Tensor logits = model.classifier->logits(images);
  const auto num_classes = static_cast<std::size_t>(logits.shape()[1]);
  std::vector<Contrast> contrasts;
  for (auto rest = logits.as<float>(); !rest.empty(); rest = rest.subspan(num_classes)) {
    const std::size_t i = contrasts.size();
    contrasts.push_back(contrast_of(static_cast<std::int32_t>(i), rest.first(num_classes),
                                    at(labels, i), at(against, i)));
  }
  return contrasts;
}

// Image by image, so that it can be stopped.
Tensor attributions_of(const PythonModel& model, const Tensor& images,
                       const std::vector<Contrast>& contrasts, Background& background) {
  const Shape& image = model.model().input_shape();
  Tensor maps({std::ssize(contrasts), image[1], image[2]}, DType::kF32);
  auto to = maps.as<float>().begin();
  for (const Contrast& contrast : contrasts) {
    if (background.stopped()) break;
    const Tensor map = occlusion_maps(logits_by(*model.classifier), images, std::span(&contrast, 1),
                                      default_patch(image));
    to = std::ranges::copy(map.as<float>(), to).out;
  }
  return maps;
}

void find_nearest(PythonExplanations& explanations, const Model& model, const Dataset& train,
                  std::int64_t count) {
  if (train.image_shape() != model.input_shape())
    throw Error(ErrorCode::kShapeMismatch, "train: expected images of {}, as of the model, got {}",
                model.input_shape().to_string(), train.image_shape().to_string());
  std::vector<std::int32_t> all(static_cast<std::size_t>(train.num_images()));
  std::iota(all.begin(), all.end(), 0);
  std::vector<std::int32_t> queries(explanations.contrasts.size());
  std::iota(queries.begin(), queries.end(), 0);
  // Not owned: the arrays outlive the search.
  const std::shared_ptr<const Dataset> data(&train, [](const Dataset*) {});
  explanations.nearest =
      nearest_training(model, {.data = data, .indices = std::move(all), .absence = {}},
                       explanations.images, queries, static_cast<std::size_t>(count),
                       SearchEffort::kAll)
          .lists;
  std::vector<std::int32_t> found;
  for (const auto& list : explanations.nearest)
    for (const Neighbour& each : list) found.push_back(static_cast<std::int32_t>(each.image_index));
  explanations.nearest_images = train.images.take(found);
}

PythonExplanations explain(const PythonModel& model, nb::handle x, nb::handle y, nb::handle against,
                           const std::optional<nb::tuple>& train, std::int64_t nearest) {
  if (nearest < 1 || nearest > kMaxNearest)
    throw Error(ErrorCode::kInvalidArgument, "explain: expected nearest in [1, {}], got {}",
                kMaxNearest, nearest);
  const Images images = images_of(x, model.model().input_shape(), PixelType::kBytes);
  const std::int64_t count = images.pixels.shape()[0];
  const std::vector<std::int32_t> labels = classes_asked(y, model, count, "y");
  const std::vector<std::int32_t> rivals = classes_asked(against, model, count, "against");
  std::optional<ArrayDataset> trained;
  if (train && nb::len(*train) != 2) throw nb::type_error("train: expected a pair (x, y)");
  if (train) trained = dataset_of((*train)[0], (*train)[1], std::nullopt, "train");
  PythonExplanations explanations{.images = images.pixels.clone(),
                                  .contrasts = {},
                                  .attributions = {},
                                  .nearest = {},
                                  .nearest_images = {},
                                  .class_names = model.model().class_names};
  const nb::object exception = run_in_background([&](Background& background) {
    explanations.contrasts = contrasts_of(model, explanations.images, labels, rivals);
    explanations.attributions =
        attributions_of(model, explanations.images, explanations.contrasts, background);
    if (trained && !background.stopped())
      find_nearest(explanations, model.model(), trained->data, nearest);
  });
  if (!exception.is_none()) {
    PyErr_SetObject(exception.type().ptr(), exception.ptr());
    throw nb::python_error();
  }
  return explanations;
}

}  // namespace

void bind_explanation(nb::module_& module) {
  nb::class_<Neighbour>(module, "Neighbour", "A training image near another image.")
      .def_ro("image_index", &Neighbour::image_index)
      .def_ro("label", &Neighbour::label)
      .def_ro("distance", &Neighbour::distance, "Euclidean, between features.")
      .def("__repr__", [](const Neighbour& neighbour) {
        return format_message("Neighbour(image_index={}, label={}, distance={:.4g})",
                              neighbour.image_index, neighbour.label, neighbour.distance);
      });
  nb::class_<PythonExplanations>(module, "Explanations",
                                 R"(Why a model answered as it did, for n images.

A notebook shows each image; the same with orange where ink supports the answer and blue where it
supports the other class; and the nearest training images.)")
      .def_prop_ro(
          "predicted",
          [](const PythonExplanations& self) { return classes_of(self, &Contrast::answer); },
          nb::rv_policy::automatic, "The answers, int64 (n,).")
      .def_prop_ro(
          "against",
          [](const PythonExplanations& self) { return classes_of(self, &Contrast::rival); },
          nb::rv_policy::automatic, "The class that each answer is compared with, int64 (n,).")
      .def_prop_ro(
          "attributions",
          [](const PythonExplanations& self) { return array_of<float>(self.attributions.clone()); },
          nb::rv_policy::automatic,
          "float32 (n, height, width): the mean decrease of logit[predicted] - logit[against] "
          "when\n"
          "a patch over the pixel is hidden. Positive values support the answer.")
      .def_ro("nearest", &PythonExplanations::nearest,
              "For each image the nearest training images; empty without ``train``.")
      .def(
          "to_png",
          [](const PythonExplanations& self, std::int64_t index) {
            if (index < 0 || index >= std::ssize(self.contrasts)) throw nb::index_error();
            const std::string png = png_of(self, index);
            return nb::bytes(png.data(), png.size());
          },
          "index"_a, "The picture of one explanation, as the bytes of a PNG file.")
      .def("_repr_html_", &html_of)
      .def("__len__", [](const PythonExplanations& self) { return self.contrasts.size(); });
  module.def(
      "explain", &explain, "model"_a, "x"_a, "y"_a = nb::none(), nb::kw_only(),
      "against"_a = nb::none(), "train"_a = nb::none(), "nearest"_a = kNearestShown,
      nb::sig("def explain(model: Model, x: numpy.typing.ArrayLike, y: numpy.typing.ArrayLike | "
              "None = None, *, against: numpy.typing.ArrayLike | None = None, train: "
              "tuple[numpy.typing.ArrayLike, numpy.typing.ArrayLike] | None = None, nearest: int = "
              "5) -> Explanations"),
      R"(Shows which pixels led to each answer, and which training images are similar.

A small patch is hidden at one place after another; what that does to the logit of the answer,
compared with another class, is the attribution of its pixels (docs/explaining.md). About a hundred
forward passes per image. Ctrl-C stops between images.

Args:
    model: the model.
    x: images, as for Model.predict; floats are rounded to 255ths.
    y: their labels, (n,) or one-hot. A wrong answer is compared with the true class.
    against: the class to compare each answer with, one for all or (n,). Default: the true class if
        the answer is wrong, else the second most probable one.
    train: the images and labels that the model was trained on, of which the nearest are found.
    nearest: how many of them per image, 1 to 1000.

Raises:
    ShapeError, DataError, ArgumentError: if arrays or classes do not fit; ValueErrors.
    TypeError: for arrays that are not of numbers.)");
}

}  // namespace digitry::python
