#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/image/image.h"

namespace digitry::app {

/// What a file of pixels is taken for.
enum class InputKind {
  kAuto,     ///< Ready images where it has the model's size, else a picture.
  kImages,   ///< Images as the model was trained on them, nothing to be done to them.
  kPicture,  ///< A photograph, scan or drawing with digits somewhere in it.
};

/// A picture to be read, and what to call it.
struct NamedPicture {
  std::string name;
  Image picture;
};

using PredictInput = std::variant<Dataset, NamedPicture>;

/// The inputs that a person means: patterns ("scans/*.jpg") are the files that match, sorted,
/// unless a file is called so; folders of anything but ready PNG images are the picture files in
/// them; all else stays as it is. Throws Error{kBadData} where nothing matches, Error{kIo}.
std::vector<std::string> list_inputs(const std::vector<std::string>& inputs, InputKind kind,
                                     ImageSize model_size);

/// Reads one of them. IDX and CSV files are always ready images; so are folders. A file of pixels
/// is what `kind` says. Throws Error{kBadData} naming the file, the rule and what was found.
PredictInput load_input(const std::string& input, InputKind kind, ImageSize model_size);

}  // namespace digitry::app
