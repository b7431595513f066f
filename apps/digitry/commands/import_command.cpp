#include <fmt/format.h>

#include <memory>

#include "apps/digitry/commands/commands.h"
#include "apps/digitry/terminal/options.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/text.h"
#include "digitry/base/words.h"
#include "digitry/interchange/onnx_import.h"

namespace digitry::app {
namespace {

struct ImportOptions {
  std::string file;
  std::string out;
  OnnxImportOptions onnx;
};

void import_model(const ImportOptions& options) {
  if (path_exists(options.out))
    throw Error(ErrorCode::kInvalidArgument,
                "{} already exists and is never overwritten; choose another --out", options.out);
  const Model model = import_onnx(options.file, options.onnx);
  save_model(model, options.out);
  const Network& network = model.members.front().network;
  for (const LayerSummary& layer : network.summary())
    fmt::print("{:<20}{}, {} parameters\n", layer.name, layer.output_shape.to_string(),
               grouped(layer.num_parameters));
  fmt::print("{:<20}{}, input = pixel · {:.6g} + {:.6g}\n", "images",
             network.input_shape().to_string(), model.preprocessing.pixel_scale,
             model.preprocessing.pixel_offset);
  fmt::print("{:<20}{}\n", "model", options.out);
  fmt::print("{:<20}digitry evaluate {}\n", "next", shell_word(options.out));
}

}  // namespace

void add_import_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "import", "Make a model of an ONNX file, written by Keras, PyTorch or scikit-learn");
  const auto options = std::make_shared<ImportOptions>();
  command->add_option("file", options->file, "The ONNX file")->type_name("FILE")->required();
  command->add_option("--out", options->out, "The model file to write")
      ->type_name("FILE")
      ->required()
      ->check(not_empty());
  command
      ->add_option("--pixel-scale", options->onnx.pixel_scale,
                   "Network input = pixel * SCALE + OFFSET, pixels 0 to 255 [1/255, or 1 if the "
                   "graph scales them itself]")
      ->check(number_in(-1e6, 1e6));
  command->add_option("--pixel-offset", options->onnx.pixel_offset, "See --pixel-scale [0]")
      ->check(number_in(-1e6, 1e6));
  command
      ->add_option("--classes", options->onnx.class_names,
                   "Names of the classes, separated by commas")
      ->type_name("NAMES")
      ->delimiter(',');
  command->footer(
      "The graph must be a chain of layers that Digitry has; docs/export.md lists them. Any other\n"
      "operator is an error that names the node. Examples:\n"
      "  digitry import model.onnx --out model.safetensors\n"
      "  digitry import model.onnx --pixel-scale 0.0078431 --pixel-offset -1 --out "
      "model.safetensors\n"
      "  digitry evaluate model.safetensors");
  command->callback([options] { import_model(*options); });
}

}  // namespace digitry::app
