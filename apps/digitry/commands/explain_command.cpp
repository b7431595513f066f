#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "apps/digitry/commands/commands.h"
#include "apps/digitry/terminal/draw.h"
#include "apps/digitry/terminal/options.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/parallel.h"
#include "digitry/base/text.h"
#include "digitry/data/set_form.h"
#include "digitry/evaluation/evaluate.h"
#include "digitry/evaluation/evaluation_text.h"
#include "digitry/evaluation/occlusion.h"
#include "digitry/model_io/trained_form.h"
#include "digitry/report/explanation_png.h"
#include "digitry/training/evaluation_data.h"
#include "digitry/training/explain_evaluation.h"
#include "digitry/training/run_folder.h"

namespace digitry::app {
namespace {

constexpr std::int64_t kMaxNearest = 1000;

struct ExplainOptions {
  std::string model;
  std::string input;
  std::string split;
  std::int64_t index = 0;
  std::string rival;
  std::int64_t nearest = kNearestShown;
  std::string out;
  bool json = false;
  bool pixels = false;
  int threads = 0;
};

// One image, its prediction and the explanation.
struct ExplainedImage {
  Dataset data;  // The data set of the image.
  std::string source;
  std::int32_t index = 0;
  std::optional<std::int32_t> label;
  std::vector<float> probabilities;
  std::int32_t answer = 0;
  std::int32_t rival = 0;
  float margin = 0;  // logit[answer] − logit[rival]
  OcclusionPatch patch;
  Tensor map;  // [1, H, W]
  std::vector<Neighbour> nearest;
};

ExplainedImage find_image(const ExplainOptions& options, const Model& model) {
  ExplainedImage image;
  if (options.input.empty()) {
    EvaluationData evaluated =
        load_evaluation_data(training_data_name(model), options.split, model);
    image.source = evaluated.data.name + " " + evaluated.split;
    image.data = std::move(evaluated.data);
  } else {
    if (!options.split.empty())
      throw Error(ErrorCode::kInvalidArgument,
                  "--split {}: only for the data of the model; {} has no splits", options.split,
                  options.input);
    image.data = load_inputs(options.input, Labels::kIgnore, input_options(model),
                             expects_light_on_dark(model) ? Pixels::kNormalize : Pixels::kAsFound);
    image.data.labels.clear();  // Labels of a CSV file need not be classes of the model.
    image.source = options.input;
  }
  if (image.data.image_shape() != model.input_shape())
    throw Error(ErrorCode::kBadData,
                "{}: expected images of {} ([channels, height, width]) for this model, found {}",
                image.source, model.input_shape().to_string(),
                image.data.image_shape().to_string());
  if (options.index >= image.data.num_images())
    throw Error(ErrorCode::kInvalidArgument,
                "--index {}: expected an index below {}, the number of images in {}", options.index,
                grouped(image.data.num_images()), image.source);
  image.index = static_cast<std::int32_t>(options.index);
  if (image.data.labelled()) image.label = image.data.labels[static_cast<std::size_t>(image.index)];
  return image;
}

std::int32_t class_index(const std::string& name, const Model& model) {
  const auto found = std::ranges::find(model.class_names, name);
  if (found == model.class_names.end())
    throw Error(ErrorCode::kInvalidArgument,
                "--class: expected a class of the model ({}), found '{}'",
                fmt::format("{}", fmt::join(model.class_names, ", ")), name);
  return static_cast<std::int32_t>(found - model.class_names.begin());
}

void classify(const ExplainOptions& options, const Model& model, const LogitsOf& logits_of,
              ExplainedImage& image) {
  Tensor logits = logits_of(image.data.images, std::vector<std::int32_t>{image.index});
  const auto row = logits.as<float>();
  std::optional<std::int32_t> asked;
  if (!options.rival.empty()) asked = class_index(options.rival, model);
  const Contrast contrast = contrast_of(image.index, row, image.label, asked);
  image.answer = contrast.answer;
  image.rival = contrast.rival;
  image.margin =
      row[static_cast<std::size_t>(image.answer)] - row[static_cast<std::size_t>(image.rival)];
  softmax_rows(logits, model.temperature);
  image.probabilities.assign(row.begin(), row.end());
}

ExplainedImage explain_image(const ExplainOptions& options, const Model& model,
                             const TrainingImages& trained) {
  ExplainedImage image = find_image(options, model);
  Classifier classifier(model);
  const LogitsOf logits_of = logits_by(classifier);
  classify(options, model, logits_of, image);
  image.patch = default_patch(image.data.image_shape());
  const Contrast contrast{.image_index = image.index, .answer = image.answer, .rival = image.rival};
  image.map = occlusion_maps(logits_of, image.data.images, std::span(&contrast, 1), image.patch);
  auto lists =
      nearest_training(model, trained, image.data.images, std::vector<std::int32_t>{image.index},
                       static_cast<std::size_t>(options.nearest), SearchEffort::kAll)
          .lists;
  if (!lists.empty()) image.nearest = std::move(lists.front());
  return image;
}

AttributionPicture picture_of(const ExplainedImage& image, const Thumbnailer& thumbnailer) {
  return make_attribution_picture(image.map.as<float>(), image.map.shape()[1], image.map.shape()[2],
                                  thumbnailer.reduction());
}

void print_text(const ExplainedImage& image, const Model& model) {
  const auto name = [&](std::int32_t c) {
    return clean_utf8(model.class_names[static_cast<std::size_t>(c)]);
  };
  const auto percent_of = [&](std::int32_t c) {
    return 100 * static_cast<double>(image.probabilities[static_cast<std::size_t>(c)]);
  };
  const Thumbnailer thumbnailer(image.data.images);
  const AttributionPicture picture = picture_of(image, thumbnailer);
  fmt::print("{} image {}: {}, {:.1f} %; {} has {:.1f} %{}\n\n", clean_utf8(image.source),
             image.index, name(image.answer), percent_of(image.answer), name(image.rival),
             percent_of(image.rival),
             !image.label                   ? ""
             : *image.label == image.answer ? "; correct"
                                            : "; labelled " + name(*image.label));
  fmt::print("{}\n", draw_attribution(thumbnailer.make(image.index), picture, use_color(1)));
  const auto print_place = [&](const char* color, EvidenceFor whom, std::int32_t c) {
    const std::string place = main_place(picture, whom);
    fmt::print("{:<28}{}\n", fmt::format("for {} ({})", name(c), color),
               place.empty() ? "nothing" : "mostly " + place);
  };
  print_place(use_color(1) ? "orange" : "+", EvidenceFor::kAnswer, image.answer);
  print_place(use_color(1) ? "blue" : "-", EvidenceFor::kRival, image.rival);
  if (!image.nearest.empty())
    fmt::print("{:<28}{}\n", "nearest training images",
               neighbours_text(image.nearest, model.class_names));
}

// The double with the same shortest decimal form as the float.
double as_written(float value) { return std::strtod(fmt::format("{}", value).c_str(), nullptr); }

void print_json(const ExplainedImage& image, const Model& model, bool pixels) {
  using Json = nlohmann::ordered_json;
  const auto name = [&](std::int32_t c) { return model.class_names[static_cast<std::size_t>(c)]; };
  const auto probability = [&](std::int32_t c) {
    return as_written(image.probabilities[static_cast<std::size_t>(c)]);
  };
  const Thumbnailer thumbnailer(image.data.images);
  const AttributionPicture picture = picture_of(image, thumbnailer);
  Json json{{"source", image.source},
            {"image_index", image.index},
            {"label", image.label ? Json(name(*image.label)) : Json()},
            {"predicted", name(image.answer)},
            {"probability", probability(image.answer)},
            {"against", name(image.rival)},
            {"against_probability", probability(image.rival)},
            {"logit_difference", as_written(image.margin)},
            {"patch_size", image.patch.size},
            {"stride", image.patch.stride},
            {"spoke_for_predicted", main_place(picture, EvidenceFor::kAnswer)},
            {"spoke_for_against", main_place(picture, EvidenceFor::kRival)},
            {"nearest", Json::array()}};
  for (const Neighbour& each : image.nearest)
    json["nearest"].push_back({{"image_index", each.image_index},
                               {"label", name(each.label)},
                               {"distance", as_written(static_cast<float>(each.distance))}});
  if (pixels) {
    const auto values = image.map.as<float>();
    const auto width = static_cast<std::size_t>(image.map.shape()[2]);
    Json rows = Json::array();
    for (std::size_t first = 0; first < values.size(); first += width) {
      Json row = Json::array();
      for (const float value : values.subspan(first, width)) row.push_back(as_written(value));
      rows.push_back(std::move(row));
    }
    json["attribution"] = std::move(rows);
  }
  fmt::print("{}\n", json.dump(pixels ? -1 : 1, ' ', false, Json::error_handler_t::replace));
}

void write_picture(const std::string& path, const ExplainedImage& image,
                   const TrainingImages& trained) {
  const Thumbnailer thumbnailer(image.data.images);
  std::vector<Image> nearest;
  if (trained.data) {
    const Thumbnailer theirs(trained.data->images);
    for (std::size_t i = 0; i < std::min(image.nearest.size(), kNearestShown); ++i)
      nearest.push_back(theirs.make(image.nearest[i].image_index));
  }
  write_file_atomically(path, encode_explanation_png(thumbnailer.make(image.index),
                                                     picture_of(image, thumbnailer), nearest));
  inform(fmt::format(
      "{}: the image, and its support for the prediction (orange) and against it (blue){}", path,
      nearest.empty() ? "" : ", with the nearest training images"));
}

void explain(const ExplainOptions& options) {
  set_num_threads(options.threads);
  const Model model = open_model(options.model);
  TrainingImages trained;
  if (options.nearest > 0) {
    trained = find_training_images(model);
    if (!trained.data) warn("no nearest training images: " + trained.absence);
  }
  const ExplainedImage image = explain_image(options, model, trained);
  if (!options.out.empty()) write_picture(options.out, image, trained);
  if (options.json)
    print_json(image, model, options.pixels);
  else
    print_text(image, model);
}

}  // namespace

void add_explain_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "explain",
      "Show which parts of an image support the prediction, and the nearest training images");
  const auto options = std::make_shared<ExplainOptions>();
  add_model_argument(*command, options->model);
  command
      ->add_option("input", options->input,
                   "An IDX, CSV or PNG file, a folder of PNG files, or - for standard input [the "
                   "images the model is evaluated on]")
      ->type_name("FILE");
  command->add_option("--index", options->index, "Index of the image, from 0 [0]")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{std::numeric_limits<std::int32_t>::max()}));
  command
      ->add_option("--class", options->rival,
                   "The class to compare the prediction with [the true class if the prediction is "
                   "wrong, else the second most probable]")
      ->type_name("CLASS");
  command
      ->add_option("--split", options->split,
                   "Without FILE: train, validation or test [as digitry evaluate]")
      ->check(CLI::IsMember(kSplitNames));
  command
      ->add_option(
          "--nearest", options->nearest,
          "Number of nearest training images to list [5]; 0: do not read the training images")
      ->check(CLI::Range(std::int64_t{0}, kMaxNearest));
  command->add_option("--out", options->out, "Write the explanation as a picture")
      ->type_name("FILE.png")
      ->check(png_name());
  add_threads_option(*command, options->threads);
  CLI::Option* json = command->add_flag("--json", options->json, "Print JSON");
  command
      ->add_flag("--pixels", options->pixels,
                 "With --json: print the attribution of each pixel, too")
      ->needs(json);
  command->footer(
      "A small patch is hidden at one place after another. If that lowers the logit of the\n"
      "predicted class relative to the other class, the patch supports the prediction. The "
      "nearest\n"
      "images are those with the nearest features (the input of the last layer). Examples:\n"
      "  digitry explain runs/mlp-001 --index 247\n"
      "  digitry explain runs/mlp-001 seven.png --class 1 --out why.png\n"
      "  digitry explain runs/mlp-001 images.idx --index 3 --json | jq .nearest");
  command->callback([options] { explain(*options); });
}

}  // namespace digitry::app
