#include "apps/digitry/commands/data_info.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "apps/digitry/terminal/draw.h"
#include "apps/digitry/terminal/options.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/text.h"
#include "digitry/data/data_warnings.h"
#include "digitry/data/dataset.h"
#include "digitry/data/set_form.h"
#include "digitry/data/summary.h"
#include "digitry/evaluation/orientation.h"
#include "digitry/model_io/model.h"

namespace digitry::app {
namespace {

constexpr int kColumnWidth = 25;

struct SplitInfo {
  std::string title;
  Dataset dataset;
  DatasetSummary summary;
  SetForm form;
};

struct DataInfo {
  std::vector<SplitInfo> splits;
  std::optional<std::int64_t> num_shared;  // if there are two splits
  std::vector<std::string> warnings;
};

DataInfo gather(const std::string& path, const LoadOptions& options) {
  DataInfo info;
  const std::vector<Split> splits = list_splits(path, options);
  const auto add = [&](const std::string& title, Split split) {
    Dataset dataset = load_dataset(path, split, options, Pixels::kAsFound);
    const SetForm form = normalize_images(dataset.images);
    if ((form.inverted || form.rescaled) && path != "-")
      dataset = load_dataset(path, split, options);  // With its hash.
    DatasetSummary summary = summarize(dataset);
    info.splits.push_back({title, std::move(dataset), std::move(summary), form});
  };
  for (const Split split : splits) add(to_string(split), split);
  if (splits.empty()) add("all", Split::kTrain);
  if (info.splits.size() >= 2)
    info.num_shared = count_shared_images(info.splits.front().dataset, info.splits.back().dataset);
  const Dataset& first = info.splits.front().dataset;
  info.warnings = label_warnings(first);
  for (const SplitInfo& split : info.splits) {
    for (const std::string& warning : image_warnings(split.dataset, split.summary))
      info.warnings.push_back(split.title + ": " + warning);
    if (&split == &info.splits.front()) continue;
    if (const std::int64_t shared = count_shared_images(first, split.dataset); shared > 0)
      info.warnings.push_back(fmt::format("{} of the {} images of {} are also in {}",
                                          grouped(shared), grouped(split.summary.num_images),
                                          split.title, info.splits.front().title));
  }
  if (const auto warning = orientation_warning(Classifier(shipped_model("tiny")), first);
      !warning.empty())
    info.warnings.push_back(warning);
  return info;
}

// "dark on light, inverted"; "unclear, 48 % dark".
std::string polarity_text(const SetForm& form) {
  if (form.polarity == ImagePolarity::kUnclear && form.share_dark_on_light > 0)
    return fmt::format("unclear, {:.0f} % dark", 100 * form.share_dark_on_light);
  return fmt::format("{}{}", to_string(form.polarity), form.inverted ? ", inverted" : "");
}

// "0 to 1, times 255".
std::string scale_text(const SetForm& form) {
  return form.unit_scale ? form.rescaled ? "0 to 1, times 255" : "0 to 1" : "0 to 255";
}

nlohmann::ordered_json to_json(const SetForm& form) {
  return {{"polarity", to_string(form.polarity)},
          {"share_light_on_dark", form.share_light_on_dark},
          {"share_dark_on_light", form.share_dark_on_light},
          {"inverted", form.inverted},
          {"pixel_scale", form.unit_scale ? "0 to 1" : "0 to 255"},
          {"rescaled", form.rescaled},
          {"mnist_form", form.mnist_form}};
}

nlohmann::ordered_json to_json(const SplitInfo& split) {
  const DatasetSummary& summary = split.summary;
  nlohmann::ordered_json json = {
      {"split", split.title},
      {"num_images", summary.num_images},
      {"image_shape", summary.image_shape.extents()},
      {"labelled", split.dataset.labelled()},
      {"images_per_class", summary.images_per_class},
      {"pixel",
       {{"min", summary.min_pixel},
        {"max", summary.max_pixel},
        {"mean", summary.mean_pixel},
        {"std", summary.std_pixel},
        {"mean_of_unit", summary.mean_pixel / 255},
        {"std_of_unit", summary.std_pixel / 255}}},
      {"form", to_json(split.form)},
      {"num_duplicates", summary.num_duplicates},
      {"num_conflicting_labels", summary.num_conflicts},
      {"notes", split.dataset.notes},
      {"sha256", split.dataset.sha256},
  };
  return json;
}

void print_json(const std::string& path, const DataInfo& info) {
  nlohmann::ordered_json json = {{"name", path},
                                 {"class_names", info.splits.front().dataset.class_names},
                                 {"splits", nlohmann::ordered_json::array()}};
  for (const SplitInfo& split : info.splits) json["splits"].push_back(to_json(split));
  json["warnings"] = info.warnings;
  if (info.num_shared) json["num_images_in_both_splits"] = *info.num_shared;
  // Names of files and classes may not be UTF-8.
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

// A line of the table: a name and one value per split.
template <typename Value>
void print_row(std::string_view name, const DataInfo& info, const Value& value) {
  fmt::print("{:<18}", name);
  for (const SplitInfo& split : info.splits) fmt::print("{:>{}}", value(split), kColumnWidth);
  fmt::print("\n");
}

void print_classes(const DataInfo& info) {
  const auto& names = info.splits.front().dataset.class_names;
  if (names.empty()) return;
  fmt::print("\n");
  for (std::size_t label = 0; label < names.size(); ++label)
    print_row(fmt::format("  {}", clean_utf8(names[label])), info, [&](const SplitInfo& split) {
      return split.dataset.labelled() ? grouped(split.summary.images_per_class[label])
                                      : std::string("-");
    });
}

void print_text(const std::string& path, const DataInfo& info) {
  fmt::print("{}\n", path);
  print_row("", info, [](const SplitInfo& split) { return split.title; });
  print_row("images", info, [&](const SplitInfo& s) { return grouped(s.summary.num_images); });
  print_row("channels", info,
            [&](const SplitInfo& s) { return grouped(s.summary.image_shape[0]); });
  print_row("height x width", info, [](const SplitInfo& s) {
    return fmt::format("{} x {}", s.summary.image_shape[1], s.summary.image_shape[2]);
  });
  print_row("classes", info, [&](const SplitInfo& s) {
    return s.dataset.labelled() ? grouped(s.dataset.num_classes()) : std::string("no labels");
  });
  print_row("polarity", info, [](const SplitInfo& s) { return polarity_text(s.form); });
  print_row("pixel scale", info, [](const SplitInfo& s) { return scale_text(s.form); });
  print_row("pixel range", info, [](const SplitInfo& s) {
    return fmt::format("{} to {}", s.summary.min_pixel, s.summary.max_pixel);
  });
  print_row("pixel mean", info, [](const SplitInfo& s) {
    return fmt::format("{:.2f} ({:.4f})", s.summary.mean_pixel, s.summary.mean_pixel / 255);
  });
  print_row("pixel deviation", info, [](const SplitInfo& s) {
    return fmt::format("{:.2f} ({:.4f})", s.summary.std_pixel, s.summary.std_pixel / 255);
  });
  print_row("duplicates", info,
            [&](const SplitInfo& s) { return grouped(s.summary.num_duplicates); });
  print_row("  label conflicts", info,
            [&](const SplitInfo& s) { return grouped(s.summary.num_conflicts); });
  print_row("sha256", info, [](const SplitInfo& s) { return s.dataset.sha256.substr(0, 16); });
  if (info.num_shared)
    fmt::print("{:<18}{:>{}}\n", "in both splits", grouped(*info.num_shared), kColumnWidth);
  print_classes(info);
  for (const SplitInfo& split : info.splits)
    for (const std::string& note : split.dataset.notes)
      fmt::print("note: {}: {}\n", split.title, note);
  for (const std::string& warning : info.warnings) fmt::print("warning: {}\n", warning);
}

}  // namespace

void show_data_info(const DataInfoArguments& arguments) {
  LoadOptions options;
  if (arguments.image_size)
    options.image_size = parse_image_size(*arguments.image_size, "--image-size");
  if (arguments.label_from) options.label_from = parse_label_from(*arguments.label_from);
  if (arguments.channels) options.channels = parse_channels(*arguments.channels);
  const DataInfo info = gather(arguments.path, options);
  if (arguments.json) {
    print_json(arguments.path, info);
    return;
  }
  print_text(arguments.path, info);
  const Dataset& shown = info.splits.front().dataset;
  const auto samples = pick_samples(shown, arguments.num_samples);
  if (!samples.empty())
    fmt::print("\n{}", draw_images(shown, samples,
                                   {.width = stdout_is_terminal() ? terminal_width() : 80,
                                    .color = use_color(1)}));
}

}  // namespace digitry::app
