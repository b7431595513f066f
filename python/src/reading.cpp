#include "digitry/vision/reading.h"

#include <nanobind/stl/array.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <filesystem>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/base/text.h"
#include "digitry/image/png.h"
#include "digitry/image/thumbnails.h"
#include "digitry/vision/decode.h"
#include "digitry/vision/reader.h"
#include "python/src/arrays.h"
#include "python/src/compute.h"
#include "python/src/model.h"
#include "python/src/module.h"

namespace digitry::python {
namespace nb = nanobind;
using namespace nb::literals;
namespace {

/// digitry.Reading: what was read, and the picture.
struct PythonReading {
  Reading reading;
  Image picture;
  std::vector<std::string> class_names;
};

using Pixels = nb::ndarray<const std::uint8_t, nb::c_contig, nb::device::cpu>;

Image picture_of(nb::handle picture) {
  if (nb::isinstance<nb::bytes>(picture)) {
    const auto bytes = nb::borrow<nb::bytes>(picture);
    const std::string_view text(bytes.c_str(), bytes.size());
    return without_gil([&] { return decode_picture(text, "picture"); });
  }
  if (std::filesystem::path path; nb::try_cast(picture, path))
    return without_gil([&] { return load_picture(path); });
  const nb::object array = nb::module_::import_("digitry._arrays").attr("as_picture")(picture);
  const auto pixels = nb::cast<Pixels>(array);
  return {.height = static_cast<std::int64_t>(pixels.shape(0)),
          .width = static_cast<std::int64_t>(pixels.shape(1)),
          .channels = static_cast<std::int64_t>(pixels.shape(2)),
          .pixels = {pixels.data(), pixels.data() + pixels.size()}};
}

PythonReading read(nb::handle picture, const PythonModel& model, bool find_skew, bool remove_rules,
                   bool split_touching) {
  Image image = picture_of(picture);
  const ReadOptions options{
      .find_skew = find_skew, .remove_rules = remove_rules, .split_touching = split_touching};
  Reading reading = without_gil([&] { return read_digits(image, *model.classifier, options); });
  return {std::move(reading), std::move(image), model.model().class_names};
}

nb::ndarray<nb::numpy, std::uint8_t> annotated(const PythonReading& self) {
  Image image = annotate(self.picture, self.reading, self.class_names);
  std::vector<std::size_t> extents{static_cast<std::size_t>(image.height),
                                   static_cast<std::size_t>(image.width),
                                   static_cast<std::size_t>(image.channels)};
  std::uint8_t* data = image.pixels.data();
  return owned_array<std::uint8_t>(std::move(image.pixels), data, std::move(extents));
}

// The annotated picture; the text is what a reader of the page hears.
std::string html(const PythonReading& self) {
  const std::string png = encode_png(annotate(self.picture, self.reading, self.class_names));
  const nb::object text =
      nb::module_::import_("html").attr("escape")(to_text(self.reading, self.class_names));
  return "<img alt=\"Digits read: " + nb::cast<std::string>(text) +
         "\" style=\"max-width: 100%\" src=\"data:image/png;base64," + base64(png) + "\">";
}

nb::ndarray<nb::numpy, std::uint8_t> image_of(const ReadDigit& digit) {
  std::vector<std::uint8_t> pixels(digit.image.begin(), digit.image.end());
  std::uint8_t* data = pixels.data();
  return owned_array<std::uint8_t>(std::move(pixels), data, {kMnistSide, kMnistSide});
}

nb::bytes contact_sheet(nb::handle x, std::int64_t per_row, std::int64_t zoom) {
  if (per_row < 1 || per_row > 1000 || zoom < 1 || zoom > 16)
    throw Error(ErrorCode::kInvalidArgument,
                "contact_sheet: expected per_row in [1, 1000] and zoom in [1, 16], got {} and {}",
                per_row, zoom);
  const Images images = images_of(x, std::nullopt, PixelType::kBytes);
  const std::string png =
      encode_ink_png(make_contact_sheet(images.pixels, {.per_row = per_row, .zoom = zoom}));
  return nb::bytes(png.data(), png.size());
}

}  // namespace

void bind_reading(nb::module_& module) {
  nb::class_<ReadDigit>(module, "ReadDigit", "One digit that was found in a picture.")
      .def_prop_ro(
          "box",
          [](const ReadDigit& digit) {
            return std::make_tuple(digit.box.left, digit.box.top, digit.box.width,
                                   digit.box.height);
          },
          "Left, top, width and height in pixels of the picture.")
      .def_prop_ro("label", &ReadDigit::label, "The most probable class.")
      .def_prop_ro("probability", &ReadDigit::probability, "Of that class, in [0, 1].")
      .def_prop_ro(
          "probabilities",
          [](const ReadDigit& digit) {
            return array_of(std::vector<float>(digit.prediction.probabilities));
          },
          nb::rv_policy::automatic, "Of each class, float32 (classes,).")
      .def_prop_ro(
          "score", [](const ReadDigit& digit) { return digit.prediction.score; },
          "How certain it is that this is exactly one digit, in [0, 1].")
      .def_prop_ro(
          "in_distribution_score",
          [](const ReadDigit& digit) { return digit.prediction.in_distribution_score; },
          "Similarity to the training images, in [0, 1].")
      .def_prop_ro(
          "rejected", [](const ReadDigit& digit) { return digit.prediction.rejected; },
          "Whether it is probably no digit.")
      .def_ro("line", &ReadDigit::line, "From 0, counted from the top.")
      .def_ro("space_before", &ReadDigit::space_before,
              "Whether a gap as wide as between words lies before it.")
      .def_prop_ro("image", &image_of, nb::rv_policy::automatic,
                   "The input of the model, uint8 (28, 28).")
      .def("__repr__", [](const ReadDigit& digit) {
        return format_message("ReadDigit(label={}, probability={:.4f}, box=({}, {}, {}, {}))",
                              digit.label(), digit.probability(), digit.box.left, digit.box.top,
                              digit.box.width, digit.box.height);
      });
  nb::class_<PythonReading>(module, "Reading", "The digits of a picture.")
      .def_prop_ro(
          "digits", [](const PythonReading& self) { return self.reading.digits; },
          "Line by line, from left to right.")
      .def_prop_ro(
          "text", [](const PythonReading& self) { return to_text(self.reading, self.class_names); },
          "One row per line, with '?' for what is probably no digit.")
      .def_prop_ro("num_lines", [](const PythonReading& self) { return self.reading.num_lines; })
      .def_prop_ro(
          "light_ink", [](const PythonReading& self) { return self.reading.light_ink; },
          "Whether the ink is lighter than its background.")
      .def_prop_ro(
          "skew_degrees", [](const PythonReading& self) { return self.reading.skew_degrees; },
          "Slope of the lines, positive if they run down to the right.")
      .def("annotated", &annotated,
           "The picture with a frame around each digit, uint8 (height, width, 3).")
      .def("_repr_html_", &html)
      .def("__len__", [](const PythonReading& self) { return self.reading.digits.size(); })
      .def("__str__",
           [](const PythonReading& self) { return to_text(self.reading, self.class_names); });
  module.def(
      "contact_sheet", &contact_sheet, "x"_a, "per_row"_a = 10, "zoom"_a = 2,
      nb::sig("def contact_sheet(x: numpy.typing.ArrayLike, per_row: int = 10, zoom: int = 2) -> "
              "bytes"),
      R"(The images in rows, as the bytes of a PNG file: IPython.display.Image(contact_sheet(x)).

``x`` is as for Model.predict; ink is black on a transparent background.)");
  module.def(
      "read_picture", &read, "picture"_a, "model"_a, "find_skew"_a, "remove_rules"_a,
      "split_touching"_a,
      nb::sig("def read_picture(picture: str | os.PathLike[str] | bytes | numpy.typing.ArrayLike, "
              "model: Model, find_skew: bool, remove_rules: bool, split_touching: bool) -> "
              "Reading"));
}

}  // namespace digitry::python
