#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "apps/digitry/commands/commands.h"
#include "apps/digitry/commands/predict_inputs.h"
#include "apps/digitry/commands/predict_output.h"
#include "apps/digitry/terminal/options.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/parallel.h"
#include "digitry/data/set_form.h"
#include "digitry/evaluation/evaluate.h"
#include "digitry/image/png.h"
#include "digitry/model_io/classifier.h"
#include "digitry/model_io/model.h"
#include "digitry/model_io/trained_form.h"
#include "digitry/training/evaluation_data.h"
#include "digitry/training/run_folder.h"
#include "digitry/vision/pattern.h"
#include "digitry/vision/reader.h"
#include "digitry/vision/small_picture.h"

namespace digitry::app {
namespace {

struct PredictOptions {
  std::vector<std::string> model_and_inputs;
  std::string kind = "auto";
  std::string region;
  std::string layout = "lines";
  std::string annotate;
  std::string debug_folder;
  std::int64_t expect = 0;
  std::string pattern;
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

Layout layout_of(const std::string& name) {
  return name == "boxes" ? Layout::kBoxes : name == "single" ? Layout::kSingle : Layout::kLines;
}

// Of "x,y,width,height"; empty for "".
std::optional<PixelBox> region_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  std::vector<std::int64_t> numbers;
  const char* at = text.data();
  const char* end = text.data() + text.size();
  while (numbers.size() < 4) {
    std::int64_t number = 0;
    const auto [after, error] = std::from_chars(at, end, number);
    if (error != std::errc() || (numbers.size() < 3 ? after == end || *after != ',' : after != end))
      throw Error(ErrorCode::kInvalidArgument,
                  "--region: expected X,Y,WIDTH,HEIGHT in pixels, got '{}'", text);
    numbers.push_back(number);
    at = after + (numbers.size() < 4 ? 1 : 0);
  }
  return PixelBox{numbers[0], numbers[1], numbers[2], numbers[3]};
}

PredictedImages predict_images(const Classifier& classifier, const Dataset& data,
                               bool with_scores) {
  const Model& model = classifier.model();
  if (data.image_shape() != model.input_shape())
    throw Error(ErrorCode::kBadData,
                "{}: expected images of {} ([channels, height, width]), the input shape of the "
                "model, found {}",
                data.name, model.input_shape().to_string(), data.image_shape().to_string());
  PredictedImages predicted{.input = data.name,
                            .sources = data.sources,
                            .probabilities = {},
                            .in_distribution_scores = {},
                            .rejected = {},
                            .polarities = {}};
  predicted.probabilities = classifier.logits(data.images);
  softmax_rows(predicted.probabilities, static_cast<double>(model.temperature));
  if (!with_scores) return predicted;
  predicted.in_distribution_scores = classifier.in_distribution_scores(data.images);
  for (const double score : predicted.in_distribution_scores)
    predicted.rejected.push_back(model.rejects(score));
  return predicted;
}

// Reads pictures, and writes the files of --debug-images and --annotate.
class PictureReader {
 public:
  PictureReader(const Classifier& classifier, const PredictOptions& options)
      : classifier_(classifier), options_(options) {}

  PredictedPicture read(const NamedPicture& input) {
    check_model();
    Reading reading = read_digits(input.picture, classifier_, next_options(input.name));
    draw(input.picture, reading);
    return {input.name, input.picture.height, input.picture.width, std::move(reading)};
  }

  SmallPictureReading read(const SmallPicture& input) {
    SmallPictureReading result =
        read_small_picture(input.picture, input.form, classifier_, next_options(input.name));
    draw(input.picture, result.reading);
    return result;
  }

 private:
  ReadOptions next_options(const std::string& name) {
    ++num_read_;
    ReadOptions read_options{.expect = options_.expect, .pattern = options_.pattern};
    read_options.region = region_of(options_.region);
    read_options.layout = layout_of(options_.layout);
    if (!options_.debug_folder.empty())
      read_options.on_stage = [this, name](std::string_view stage, const Image& picture) {
        save_stage(name, stage, picture);
      };
    return read_options;
  }

  void draw(const Image& picture, const Reading& reading) const {
    if (options_.annotate.empty()) return;
    if (num_read_ > 1)
      throw Error(ErrorCode::kInvalidArgument,
                  "--annotate: expected one picture, got several pages");
    const Image drawn = annotate(picture, reading, classifier_.model().class_names);
    write_file_atomically(options_.annotate, encode_png(drawn));
  }

  void check_model() const {
    const Shape expected{1, kMnistSide, kMnistSide};
    if (classifier_.model().input_shape() == expected) return;
    throw Error(ErrorCode::kBadData,
                "reading pictures: expected a model of images {} ([channels, height, width]), got "
                "one of {}; use --as images",
                expected.to_string(), classifier_.model().input_shape().to_string());
  }

  void save_stage(const std::string& name, std::string_view stage, const Image& picture) const {
    const std::filesystem::path folder = options_.debug_folder;
    make_folder(folder);
    const std::string stem = std::filesystem::path(name).stem().string();
    write_file_atomically(folder / fmt::format("{:03}-{}-{}.png", num_read_, stem, stage),
                          encode_png(picture));
  }

  const Classifier& classifier_;
  const PredictOptions& options_;
  int num_read_ = 0;
};

// Classifies pictures of the model's size. Ready images are kept, to be classified together.
class SmallPictureReader {
 public:
  SmallPictureReader(const Classifier& classifier, const PredictOptions& options,
                     PictureReader& reader, std::vector<Predicted>& predicted)
      : classifier_(classifier), options_(options), reader_(reader), predicted_(predicted) {}

  void read(SmallPicture&& input) {
    const bool drawn = !options_.annotate.empty() || !options_.debug_folder.empty();
    const Model& model = classifier_.model();
    const bool may_search =
        trained_form(model) == "mnist" && model.input_shape() == Shape{1, kMnistSide, kMnistSide};
    if (!may_search || (input.form.ready && !drawn)) {
      ready_.push_back(std::move(input));
      if (ready_.size() == kMaxReady) classify_ready();
      return;
    }
    classify_ready();
    const SmallPictureReading result = reader_.read(input);
    const bool several = result.searched && result.reading.digits.size() > 1;
    if (several && !options_.csv)
      predicted_.emplace_back(
          PredictedPicture{input.name, input.picture.height, input.picture.width, result.reading});
    else
      predicted_.emplace_back(one_image(input, result.whole));
  }

  // Classifies the ready images that were kept.
  void classify_ready() {
    if (ready_.empty()) return;
    const ImageSize size{ready_.front().picture.height, ready_.front().picture.width};
    const bool normalize = expects_light_on_dark(classifier_.model());
    Dataset data;
    const Channels channels = input_options(classifier_.model()).channels;
    data.images =
        Tensor({std::ssize(ready_), count_of(channels), size.height, size.width}, DType::kU8);
    auto to = data.images.as<std::uint8_t>().begin();
    for (const SmallPicture& input : ready_) {
      const Image& image = channels == Channels::kColour ? input.picture
                           : normalize                   ? input.form.light
                                                         : input.form.grey;
      to = std::ranges::copy(planes_of(image), to).out;
      data.sources.push_back(input.name);
    }
    data.name = ready_.front().name;
    PredictedImages predicted = predict_images(classifier_, data, true);
    for (const SmallPicture& input : ready_)
      predicted.polarities.emplace_back(to_string(input.form.polarity));
    predicted_.emplace_back(std::move(predicted));
    ready_.clear();
  }

 private:
  static constexpr std::size_t kMaxReady = 2000;

  static PredictedImages one_image(const SmallPicture& input, const DigitPrediction& prediction) {
    const std::vector<float>& probabilities = prediction.probabilities;
    PredictedImages predicted;
    predicted.input = input.name;
    predicted.sources = {input.name};
    predicted.probabilities = Tensor({1, std::ssize(probabilities)}, DType::kF32);
    std::ranges::copy(probabilities, predicted.probabilities.as<float>().begin());
    predicted.in_distribution_scores = {prediction.in_distribution_score};
    predicted.rejected = {prediction.rejected};
    predicted.polarities = {to_string(input.form.polarity)};
    return predicted;
  }

  const Classifier& classifier_;
  const PredictOptions& options_;
  PictureReader& reader_;
  std::vector<Predicted>& predicted_;
  std::vector<SmallPicture> ready_;
};

// The model that the first input names, which is removed from them; else the shipped model.
Model take_model(std::vector<std::string>& inputs) {
  std::string name = kDefaultModel;
  if (is_model(inputs.front())) {
    name = inputs.front();
    inputs.erase(inputs.begin());
  }
  if (inputs.empty())
    throw Error(ErrorCode::kInvalidArgument, "expected images or pictures for {}", name);
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
  const Classifier classifier(take_model(named));
  const InputKind kind = kind_of(options.kind);
  const LoadOptions load = input_options(classifier.model());
  const Pixels pixels = kind == InputKind::kImages || !expects_light_on_dark(classifier.model())
                            ? Pixels::kAsFound
                            : Pixels::kNormalize;
  const std::vector<std::string> inputs = list_inputs(named, kind);
  check_one_picture(options, inputs);
  PictureReader reader(classifier, options);
  // Read everything before printing: half a list is not valid JSON, nor a valid submission.
  std::vector<Predicted> all;
  SmallPictureReader small(classifier, options, reader, all);
  for (const std::string& name : inputs) {
    load_input(name, kind, load, pixels, [&](PredictInput input) {
      if (auto* picture = std::get_if<SmallPicture>(&input)) {
        small.read(std::move(*picture));
        return;
      }
      small.classify_ready();
      if (const auto* picture = std::get_if<NamedPicture>(&input)) {
        all.emplace_back(reader.read(*picture));
      } else {
        if (!options.annotate.empty())
          throw Error(
              ErrorCode::kInvalidArgument,
              "--annotate: expected a picture, got {} with images of the model's size; --as "
              "pictures treats it as a picture",
              name);
        const Dataset& data = std::get<Dataset>(input);
        const bool with_scores = !options.csv || options.probability || !data.sources.empty();
        all.emplace_back(predict_images(classifier, data, with_scores));
      }
    });
  }
  small.classify_ready();
  print_predictions(all, options.format(), classifier.model().class_names);
}

void add_picture_options(CLI::App& command, PredictOptions& options) {
  command
      .add_option(
          "--as", options.kind,
          "Treat files of pixels as ready images of the model's size, or as pictures with digits "
          "in them [auto: by size and pixels]")
      ->check(CLI::IsMember({"auto", "images", "pictures"}));
  CLI::Option* expect = command
                            .add_option("--expect", options.expect,
                                        "The number of digits in each picture, if it is known")
                            ->check(CLI::Range(std::int64_t{1}, kMaxExpectedDigits));
  command
      .add_option(
          "--pattern", options.pattern,
          "What is written in each picture: 'd' is a digit, anything else separates digits, "
          "such as 'dd.dd.dddd'")
      ->excludes(expect)
      ->check(not_empty());
  command
      .add_option("--region", options.region, "Read only this part of each picture, in its pixels")
      ->type_name("X,Y,WIDTH,HEIGHT");
  command
      .add_option(
          "--layout", options.layout,
          "lines: lines of digits, which may touch; boxes: one digit per box, so that nothing "
          "is cut; single: one digit [lines]")
      ->check(CLI::IsMember({"lines", "boxes", "single"}));
  command
      .add_option("--annotate", options.annotate,
                  "Write the picture with the digits marked to this file")
      ->type_name("FILE.png")
      ->check(not_empty());
  command
      .add_option("--debug-images", options.debug_folder,
                  "Write a picture of each stage of reading to this folder")
      ->type_name("DIR")
      ->check(not_empty());
}

}  // namespace

void add_predict_command(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("predict", "Classify images, and read the digits in pictures");
  const auto options = std::make_shared<PredictOptions>();
  command
      ->add_option(
          "input", options->model_and_inputs,
          fmt::format(
              "A model [{}]: one of {}, a file or the folder of a run. Then pictures "
              "(PNG, JPEG, BMP, WebP, TIFF), IDX, CSV, NPY or NPZ files, folders, patterns, "
              "or - for standard input",
              kDefaultModel, fmt::join(shipped_model_names(), ", ")))
      ->type_name("[MODEL] FILE")
      ->required();
  add_picture_options(*command, *options);
  CLI::Option* json = command->add_flag("--json", options->json,
                                        "Print JSON: label and probability of every class");
  CLI::Option* csv = command->add_flag("--csv", options->csv,
                                       "Print ImageId,Label with images counted from 1, for files "
                                       "of one image also Rejected and Source; for pictures, one "
                                       "row per digit with its box");
  csv->excludes(json);
  command
      ->add_flag("--probability", options->probability,
                 "With --csv for images: add the columns Probability and Rejected")
      ->needs(csv);
  add_threads_option(*command, options->threads);
  command->footer(
      "Labels are the model's class names. A file of the model's own size (28x28) is one digit,\n"
      "dark or light, or several if that is likelier; digits are searched in any other picture.\n"
      "Images that differ too much from the training images are rejected, '?'; so are blank ones.\n"
      "Examples:\n"
      "  digitry predict photo.jpg --annotate read.png\n"
      "  digitry predict tiny 'scans/*.png' --csv\n"
      "  digitry predict runs/mlp-001 t10k-images-idx3-ubyte\n"
      "  digitry predict runs/mlp-001 test.csv --csv > submission.csv\n"
      "  digitry predict runs/mlp-001 - --json < images.idx.gz");
  command->callback([options] { predict(*options); });
}

}  // namespace digitry::app
