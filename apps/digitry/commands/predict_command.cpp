#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "apps/digitry/commands/commands.h"
#include "apps/digitry/commands/digit_judge.h"
#include "apps/digitry/commands/predict_inputs.h"
#include "apps/digitry/commands/predict_output.h"
#include "apps/digitry/terminal/options.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/parallel.h"
#include "digitry/evaluation/evaluate.h"
#include "digitry/image/png.h"
#include "digitry/model_io/classifier.h"
#include "digitry/model_io/model.h"
#include "digitry/training/evaluation_data.h"
#include "digitry/training/run_folder.h"
#include "digitry/vision/annotate.h"
#include "digitry/vision/decode.h"

namespace digitry::app {
namespace {

struct PredictOptions {
  std::vector<std::string> model_and_inputs;
  std::string kind = "auto";
  std::string annotate;
  std::string debug_folder;
  bool json = false;
  bool csv = false;
  bool probability = false;
  int threads = 0;

  PredictFormat format() const {
    if (json) return PredictFormat::kJson;
    if (csv) return probability ? PredictFormat::kCsvWithProbability : PredictFormat::kCsv;
    return PredictFormat::kText;
  }
};

InputKind kind_of(const std::string& name) {
  return name == "images"     ? InputKind::kImages
         : name == "pictures" ? InputKind::kPicture
                              : InputKind::kAuto;
}

PredictedImages predict_images(const Model& model, const Dataset& data, bool ask_known) {
  if (data.image_shape() != model.input_shape())
    throw Error(ErrorCode::kBadData,
                "{}: expected images of {} ([channels, height, width]), as the model, found {}",
                data.name, model.input_shape().to_string(), data.image_shape().to_string());
  PredictedImages predicted{data.name, data.sources, {}, {}, {}};
  const Classifier classifier(model);
  predicted.probabilities = classifier.logits(data.images);
  softmax_rows(predicted.probabilities, static_cast<double>(model.temperature));
  if (!ask_known) return predicted;
  predicted.familiarity = classifier.in_distribution_scores(data.images);
  for (const double score : predicted.familiarity)
    predicted.known.push_back(score >= static_cast<double>(model.rejection_threshold));
  return predicted;
}

// Reads pictures one after the other, and writes what --debug-images and --annotate ask for.
class PictureReader {
 public:
  PictureReader(const Model& model, const PredictOptions& options)
      : model_(model), options_(options) {}

  PredictedPicture read(const NamedPicture& input) {
    if (!classify_) classify_ = make_digit_classifier(std::make_shared<Classifier>(model_));
    ++num_read_;
    ReadOptions read_options;
    if (!options_.debug_folder.empty())
      read_options.on_stage = [&](std::string_view stage, const Image& picture) {
        save_stage(input.name, stage, picture);
      };
    PredictedPicture predicted{input.name, input.picture.height, input.picture.width,
                               read_digits(input.picture, classify_, read_options)};
    if (!options_.annotate.empty()) {
      const Image drawn = annotate(input.picture, predicted.reading, model_.class_names);
      write_file_atomically(options_.annotate, encode_png(drawn));
    }
    return predicted;
  }

 private:
  void save_stage(const std::string& name, std::string_view stage, const Image& picture) const {
    const std::filesystem::path folder = options_.debug_folder;
    make_folder(folder);
    const std::string stem = std::filesystem::path(name).stem().string();
    write_file_atomically(folder / fmt::format("{:03}-{}-{}.png", num_read_, stem, stage),
                          encode_png(picture));
  }

  const Model& model_;
  const PredictOptions& options_;
  DigitClassifier classify_;
  int num_read_ = 0;
};

ImageSize input_size(const Model& model) {
  const Shape& shape = model.input_shape();
  return {.height = shape[1], .width = shape[2]};
}

// The model that the first of the inputs names, taken from them, or the shipped one.
Model take_model(std::vector<std::string>& inputs) {
  std::string name = kDefaultModel;
  if (is_model(inputs.front())) {
    name = inputs.front();
    inputs.erase(inputs.begin());
  }
  if (inputs.empty())
    throw Error(ErrorCode::kInvalidArgument, "expected images or pictures for {} to read", name);
  return open_model(name);
}

void check_one_picture(const PredictOptions& options, const std::vector<std::string>& inputs) {
  if (!options.annotate.empty() && inputs.size() != 1)
    throw Error(ErrorCode::kInvalidArgument, "--annotate: expected one picture, got {} inputs",
                inputs.size());
}

void predict(const PredictOptions& options) {
  set_num_threads(options.threads);
  std::vector<std::string> named = options.model_and_inputs;
  const Model model = take_model(named);
  const InputKind kind = kind_of(options.kind);
  const ImageSize size = input_size(model);
  const std::vector<std::string> inputs = list_inputs(named, kind, size);
  check_one_picture(options, inputs);
  PictureReader reader(model, options);
  // All before a word of it is printed: half a list is neither JSON nor a submission.
  std::vector<Predicted> all;
  for (const std::string& name : inputs) {
    const PredictInput input = load_input(name, kind, size);
    if (const auto* picture = std::get_if<NamedPicture>(&input)) {
      all.emplace_back(reader.read(*picture));
    } else {
      if (!options.annotate.empty())
        throw Error(ErrorCode::kInvalidArgument,
                    "--annotate: {} holds images of the model's size, no picture to draw on; "
                    "--as pictures takes it for one",
                    name);
      all.emplace_back(predict_images(model, std::get<Dataset>(input), !options.csv));
    }
  }
  print_predictions(all, options.format(), model.class_names);
}

void add_picture_options(CLI::App& command, PredictOptions& options) {
  command
      .add_option(
          "--as", options.kind,
          "What files of pixels are: ready images of the model's size, or pictures with digits "
          "in them [auto: by their size]")
      ->check(CLI::IsMember({"auto", "images", "pictures"}));
  command
      .add_option("--annotate", options.annotate,
                  "Draw what was read on the picture, into this file")
      ->type_name("FILE.png")
      ->check(not_empty());
  command
      .add_option("--debug-images", options.debug_folder,
                  "Write each stage of reading a picture into this folder")
      ->type_name("DIR")
      ->check(not_empty());
}

}  // namespace

void add_predict_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("predict", "Say what images and pictures show");
  const auto options = std::make_shared<PredictOptions>();
  command
      ->add_option(
          "input", options->model_and_inputs,
          fmt::format("A model, unless it is to be {}: one of {}, a file or the folder of "
                      "a run. Then pictures (PNG, JPEG, BMP, WebP, TIFF), IDX or CSV files "
                      "(raw or .gz), folders, patterns, or - for standard input",
                      kDefaultModel, fmt::join(shipped_model_names(), ", ")))
      ->type_name("[MODEL] FILE")
      ->required();
  add_picture_options(*command, *options);
  CLI::Option* json = command->add_flag("--json", options->json,
                                        "Print JSON: label and probability of every class");
  CLI::Option* csv = command->add_flag(
      "--csv", options->csv,
      "Print ImageId,Label, images counted from 1; of pictures a row a digit with its box");
  csv->excludes(json);
  command
      ->add_flag("--probability", options->probability,
                 "With --csv of images: a third column, the probability of the label")
      ->needs(csv);
  add_threads_option(*command, options->threads);
  command->footer(
      "Labels are the model's class names. A file of the model's own size (28x28) is taken as it "
      "is;\n"
      "in any other picture digits are looked for. What is like nothing the model knows is "
      "unknown, '?'.\n"
      "Examples:\n"
      "  digitry predict photo.jpg --annotate read.png\n"
      "  digitry predict tiny 'scans/*.png' --csv\n"
      "  digitry predict runs/mlp-001 t10k-images-idx3-ubyte\n"
      "  digitry predict runs/mlp-001 test.csv --csv > submission.csv\n"
      "  digitry predict runs/mlp-001 - --json < images.idx.gz");
  command->callback([options] { predict(*options); });
}

}  // namespace digitry::app
