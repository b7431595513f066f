#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/data/set_form.h"
#include "digitry/image/image.h"
#include "digitry/image/image_form.h"

namespace digitry::app {

/// How a file of pixels is treated.
enum class InputKind {
  kAuto,     ///< By its size, and by its pixels if it has the model's size.
  kImages,   ///< As ready images: classified as they are.
  kPicture,  ///< As a photograph, scan or drawing with digits somewhere in it.
};

/// A picture, and its name for messages.
struct NamedPicture {
  std::string name;
  Image picture;
};

/// A picture of the size of the model's images; that of a model of colour images has colours.
struct SmallPicture {
  std::string name;
  Image picture;
  ImageForm form;
};

using PredictInput = std::variant<Dataset, NamedPicture, SmallPicture>;

/// Expands inputs. A pattern ("scans/*.jpg") becomes the matching files, sorted, unless a file has
/// that name. A folder becomes the picture files in it, unless `kind` is kImages. Other inputs are
/// unchanged. Throws Error{kBadData} if nothing matches a pattern, Error{kIo} if a folder cannot be
/// read.
std::vector<std::string> list_inputs(const std::vector<std::string>& inputs, InputKind kind);

/// Reads one input, and passes it on: a TIFF file page by page, named "scan.tif page 2". IDX, CSV,
/// NPY and NPZ files are always ready images, which `pixels` may bring to light on dark; `kind`
/// decides for files of pixels. `options` are those of the model (`input_options`); unless it takes
/// 28×28 grey images, pictures are brought to its size. Throws Error{kBadData}, with the name of
/// the file, if it is missing or malformed.
void load_input(const std::string& input, InputKind kind, const LoadOptions& options, Pixels pixels,
                const std::function<void(PredictInput)>& use);

/// A picture as a data set of one image.
Dataset as_images(const Image& image, const std::string& name);

}  // namespace digitry::app
