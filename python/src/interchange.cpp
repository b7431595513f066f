#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "digitry/interchange/c_export.h"
#include "digitry/interchange/onnx_export.h"
#include "digitry/interchange/onnx_import.h"
#include "python/src/arrays.h"
#include "python/src/compute.h"
#include "python/src/model.h"
#include "python/src/module.h"

namespace digitry::python {
namespace nb = nanobind;
using namespace nb::literals;
namespace {

void write_onnx(const PythonModel& self, const std::filesystem::path& path, bool float_input,
                bool in_distribution_score) {
  const nb::gil_scoped_release release;
  export_onnx(self.model(), path.string(),
              {.float_input = float_input, .in_distribution_score = in_distribution_score});
}

nb::dict write_c(const PythonModel& self, const std::filesystem::path& path, bool int8,
                 nb::handle calibration_images) {
  std::optional<Images> images;
  if (!calibration_images.is_none())
    images = images_of(calibration_images, self.model().input_shape(), PixelType::kBytes);
  const CSource source = without_gil([&] {
    return export_c(self.model(), path.string(),
                    {.int8 = int8, .calibration_images = images ? &images->pixels : nullptr});
  });
  nb::dict needs;
  needs["constant_bytes"] = source.constant_bytes;
  needs["arena_bytes"] = source.arena_bytes;
  needs["multiply_adds"] = source.multiply_adds;
  return needs;
}

PythonModel read_onnx(const std::filesystem::path& path, std::optional<float> pixel_scale,
                      float pixel_offset, std::vector<std::string> class_names) {
  const nb::gil_scoped_release release;
  return PythonModel(import_onnx(path.string(), {.pixel_scale = pixel_scale,
                                                 .pixel_offset = pixel_offset,
                                                 .class_names = std::move(class_names)}));
}

}  // namespace

void bind_interchange(nb::module_& module) {
  module.def(
      "import_onnx", &read_onnx, "path"_a, nb::kw_only(), "pixel_scale"_a = nb::none(),
      "pixel_offset"_a = 0.0F, "class_names"_a = std::vector<std::string>(),
      nb::sig("def import_onnx(path: str | os.PathLike[str], *, pixel_scale: float | None = None, "
              "pixel_offset: float = 0.0, class_names: collections.abc.Sequence[str] = ()) -> "
              "Model"),
      R"(Reads a classifier of images from an ONNX file that Keras, PyTorch or scikit-learn wrote.

The graph must be a chain of layers that Digitry has (docs/export.md).

Args:
    path: the file; opset 7 to 25.
    pixel_scale: network input = pixel * pixel_scale + pixel_offset, with pixels of 0 to 255, before
        what the graph itself does. Default: 1 if the graph takes bytes or scales its input itself,
        else 1/255.
    pixel_offset: see pixel_scale.
    class_names: one per class. Default: those in the file, else "0", "1", ...

Raises:
    DataError: if the file is damaged or has another operator; the message names the node. A
        ValueError.
    ArgumentError: for another number of class names; a ValueError.
    FileError: if the file cannot be read; an OSError.)");
  module.def(
      "export_onnx", &write_onnx, "model"_a, "path"_a, nb::kw_only(), "float_input"_a = false,
      "in_distribution_score"_a = true,
      nb::sig("def export_onnx(model: Model, path: str | os.PathLike[str], *, float_input: bool "
              "= False, in_distribution_score: bool = True) -> None"),
      R"(Writes the model as an ONNX file (opset 17), with everything that it computes.

The input is pixels, uint8 (or float32 with ``float_input``) from 0 to 255, (n, channels, height,
width); the outputs are logits, probabilities and, if the model has it, the in-distribution score.

Raises:
    ArgumentError: for a layer that ONNX cannot express; a ValueError.
    FileError: if the file cannot be written; an OSError.)");
  module.def(
      "export_c", &write_c, "model"_a, "path"_a, nb::kw_only(), "int8"_a = false,
      "calibration_images"_a = nb::none(),
      nb::sig("def export_c(model: Model, path: str | os.PathLike[str], *, int8: bool = False, "
              "calibration_images: numpy.typing.ArrayLike | None = None) -> dict[str, int]"),
      R"(Writes the model as C99 source that allocates nothing: ``path``.h and ``path``.c.

Args:
    path: without an extension; its last part is the name of the functions.
    int8: computes with 8-bit integers; needs ``calibration_images``, some hundred training images.

Returns:
    ``constant_bytes``, ``arena_bytes`` and ``multiply_adds`` of the source.

Raises:
    ArgumentError: for a name or a model that C source cannot have; a ValueError.
    FileError: if a file cannot be written; an OSError.)");
}

}  // namespace digitry::python
