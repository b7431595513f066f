#include "digitry/report/tensorboard.h"

#include <chrono>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "digitry/image/png.h"
#include "digitry/image/thumbnails.h"
#include "digitry/report/event_file.h"
#include "digitry/report/figures.h"
#include "digitry/report/gnuplot.h"

// Field numbers are those of event.proto, summary.proto and tensor.proto of TensorFlow, and of
// plugin_data.proto of TensorBoard's plugin hparams.

namespace digitry {
namespace {

using protobuf::Writer;

// The fields of tensorflow.Event that hold these values of a summary.
Writer event_of(const std::vector<Writer>& values) {
  Writer summary;
  for (const Writer& value : values) summary.message(1, value);
  Writer event;
  event.message(5, summary);
  return event;
}

Writer scalar(std::string_view tag, double number) {
  Writer value;
  value.bytes(1, tag);
  value.number(2, static_cast<float>(number));
  return value;
}

Writer image(std::string_view tag, const std::string& png) {
  const Image decoded = decode_png(png, std::string(tag));
  Writer picture;
  picture.integer(1, decoded.height);
  picture.integer(2, decoded.width);
  picture.integer(3, decoded.channels);
  picture.bytes(4, png);
  Writer value;
  value.bytes(1, tag);
  value.message(4, picture);
  return value;
}

// A value that a plugin of TensorBoard reads.
Writer plugin_value(std::string_view tag, std::string_view plugin, const Writer& content,
                    const Writer& tensor) {
  Writer plugin_data;
  plugin_data.bytes(1, plugin);
  plugin_data.message(2, content);
  Writer metadata;
  metadata.message(1, plugin_data);
  Writer value;
  value.bytes(1, tag);
  value.message(9, metadata);
  value.message(8, tensor);
  return value;
}

// TensorBoard shows texts as Markdown.
Writer text(std::string_view tag, const std::string& markdown) {
  constexpr int kString = 7;
  Writer tensor;
  tensor.integer(1, kString);
  tensor.message(2, Writer());  // The shape of one value.
  tensor.bytes(8, markdown);
  return plugin_value(tag, "text", {}, tensor);
}

// `content` is one of the messages of HParamsPluginData, and `field` its number there.
Writer hparams(std::string_view tag, std::uint32_t field, const Writer& content) {
  constexpr int kFloat = 1;
  Writer plugin_data;
  plugin_data.message(field, content);
  Writer empty;
  empty.integer(1, 0);
  Writer no_elements;
  no_elements.message(2, empty);
  Writer tensor;
  tensor.integer(1, kFloat);
  tensor.message(2, no_elements);
  return plugin_value(tag, "hparams", plugin_data, tensor);
}

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Attributes hyperparameters(const Recipe& recipe) {
  Attributes all{{"recipe", recipe.name},
                 {"data", recipe.data},
                 {"epochs", recipe.epochs},
                 {"batch_size", recipe.batch_size},
                 {"validation", recipe.validation},
                 {"patience", recipe.patience},
                 {"seed", static_cast<std::int64_t>(recipe.seed)},
                 {"precision", recipe.precision},
                 {"ema_decay", recipe.ema_decay},
                 {"class_weights", recipe.class_weights},
                 {"label_smoothing", recipe.label_smoothing},
                 {"gradient_clip", recipe.gradient_clip}};
  const auto add = [&](const std::string& table, const Attributes& values) {
    for (const auto& [key, value] : values) all[table + "." + key] = value;
  };
  add("optimizer", to_attributes(recipe.optimizer));
  add("schedule", to_attributes(recipe.schedule));
  add("augmentation", to_attributes(recipe.augmentation));
  return all;
}

Writer session_start(const Recipe& recipe) {
  Writer start;
  for (const auto& [key, value] : hyperparameters(recipe)) {
    // google.protobuf.Value has only one type of number.
    Writer json;
    std::visit(
        [&json](const auto& content) {
          using Content = std::decay_t<decltype(content)>;
          if constexpr (std::is_same_v<Content, std::string>)
            json.bytes(3, content);
          else if constexpr (std::is_same_v<Content, bool>)
            json.integer(4, content ? 1 : 0);
          else
            json.double_number(2, static_cast<double>(content));
        },
        value);
    Writer entry;
    entry.bytes(1, key);
    entry.message(2, json);
    start.message(1, entry);
  }
  start.double_number(5, now());
  return start;
}

}  // namespace

TensorBoardLog::TensorBoardLog(const std::filesystem::path& folder, const Recipe& recipe,
                               std::int64_t epochs_done)

    : file_(std::make_unique<EventFile>(folder)), step_(epochs_done) {
  constexpr int kStart = 1;
  Writer session;
  session.integer(1, kStart);
  Writer restarted;
  restarted.message(7, session);
  if (epochs_done > 0) file_->write(epochs_done + 1, restarted);
  file_->write(step_,
               event_of({text("recipe", "```\n" + to_toml(recipe) + "```\n"),
                         hparams("_hparams_/session_start_info", 3, session_start(recipe))}));
}

TensorBoardLog::~TensorBoardLog() = default;

const std::filesystem::path& TensorBoardLog::path() const { return file_->path(); }

void TensorBoardLog::add_epoch(const EpochRecord& epoch) {
  step_ = epoch.epoch;
  std::vector<Writer> values{scalar("train/loss", epoch.loss),
                             scalar("train/accuracy", epoch.accuracy),
                             scalar("learning_rate", epoch.learning_rate),
                             scalar("images_per_second", epoch.images_per_second)};
  if (epoch.val_loss) values.push_back(scalar("validation/loss", *epoch.val_loss));
  if (epoch.val_accuracy) values.push_back(scalar("validation/accuracy", *epoch.val_accuracy));
  file_->write(step_, event_of(values));
}

void TensorBoardLog::add_evaluation(const std::string& split, const Evaluation& evaluation,
                                    const Dataset& evaluated_on) {
  constexpr int kSuccess = 1;
  Writer end;
  end.integer(1, kSuccess);
  end.double_number(2, now());
  file_->write(step_, event_of({scalar("evaluation/" + split + "_loss", evaluation.loss),
                                scalar("evaluation/" + split + "_accuracy", evaluation.accuracy),
                                hparams("_hparams_/session_end_info", 4, end)}));

  std::vector<std::pair<const char*, Figure>> figures{
      {"confusion_matrix", confusion_figure(evaluation)}};
  if (!evaluation.mistakes.empty())
    figures.emplace_back("mistakes", mistakes_figure(evaluation, Thumbnailer(evaluated_on.images)));
  std::vector<FigureJob> jobs;
  for (const auto& [tag, figure] : figures) jobs.push_back({figure, FigureFormat::kPng});
  const std::vector<std::string> files = draw(jobs);
  for (std::size_t i = 0; i < files.size(); ++i)
    file_->write(step_, event_of({image(figures[i].first, files[i])}));
}

}  // namespace digitry
