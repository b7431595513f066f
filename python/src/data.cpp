#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/data/known_datasets.h"
#include "digitry/vision/decode.h"
#include "python/src/arrays.h"
#include "python/src/compute.h"
#include "python/src/module.h"

namespace digitry::python {
namespace nb = nanobind;
namespace {

using PixelArray = nb::ndarray<nb::numpy, std::uint8_t>;
using LabelArray = nb::ndarray<nb::numpy, std::int32_t>;

// Images [N, C, H, W], labels [N] or [0], class names.
std::tuple<PixelArray, LabelArray, std::vector<std::string>> load_split(const std::string& name,
                                                                        const std::string& split,
                                                                        bool colour) {
  Dataset data = without_gil([&] {
    return load_dataset(name,
                        split == "test"         ? Split::kTest
                        : split == "validation" ? Split::kValidation
                                                : Split::kTrain,
                        {.channels = colour ? Channels::kColour : Channels::kGrey});
  });
  return {array_of<std::uint8_t>(std::move(data.images)), array_of(std::move(data.labels)),
          std::move(data.class_names)};
}

std::vector<std::string> split_names(const std::string& name) {
  std::vector<std::string> names;
  for (const Split split : list_splits(name)) names.emplace_back(to_string(split));
  return names;
}

// (file name, SHA-256, bytes) of each file, and the addresses of the mirrors; None if the name is
// not that of a known data set.
nb::object known_dataset(const std::string& name) {
  const KnownDataset* known = find_known_dataset(name);
  if (known == nullptr) return nb::none();
  nb::list files;
  for (const KnownFile& file : known->files)
    files.append(nb::make_tuple(std::string(file.name), std::string(file.sha256), file.num_bytes));
  nb::list mirrors;
  for (const std::string_view mirror : known->mirrors) mirrors.append(std::string(mirror));
  return nb::make_tuple(files, mirrors);
}

}  // namespace

void bind_data(nb::module_& module) {
  use_picture_decoder();
  module.def("load_split", &load_split, nb::arg("name"), nb::arg("split"),
             nb::arg("colour") = false);
  module.def("split_names", &split_names, nb::arg("name"));
  module.def(
      "known_dataset", &known_dataset, nb::arg("name"),
      nb::sig("def known_dataset(name: str) -> tuple[list[tuple[str, str, int]], list[str]] | "
              "None"));
  module.def("cache_folder", &cache_folder,
             "The folder of fetched data sets: ``$DIGITRY_DATA_DIR``, else "
             "``$XDG_CACHE_HOME/digitry``, else ``~/.cache/digitry``.");
}

}  // namespace digitry::python
