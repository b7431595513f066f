#include "apps/digitry/commands/data_augment.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <numeric>
#include <vector>

#include "apps/digitry/terminal/draw.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/error.h"
#include "digitry/data/split.h"
#include "digitry/training/recipe.h"

namespace digitry::app {

std::vector<std::int32_t> trained_on(const Recipe& recipe, const Dataset& train) {
  if (!train.labelled()) return {};
  return split_by(recipe, train).train;
}

namespace {

// The arguments with all defaults filled in.
struct Resolved {
  std::string path;
  std::optional<Recipe> recipe;
  PreviewOptions preview;
};

Resolved resolve(const DataAugmentArguments& arguments) {
  Resolved resolved{.path = arguments.path, .recipe = {}, .preview = {}};
  PreviewOptions& preview = resolved.preview;
  preview.augmentation = default_augmentation();
  if (!arguments.recipe.empty()) {
    resolved.recipe = find_recipe(arguments.recipe);
    preview.augmentation = resolved.recipe->augmentation;
    preview.seed = resolved.recipe->seed;
    if (resolved.path.empty()) resolved.path = resolved.recipe->data;
  }
  if (resolved.path.empty()) resolved.path = "mnist";
  for (const AugmentRule& rule : augment_rules())
    if (const auto given = arguments.strengths.find(rule.key); given != arguments.strengths.end())
      preview.augmentation.*rule.member = given->second;
  if (!preview.augmentation.any())
    throw Error(ErrorCode::kInvalidArgument,
                "no augmentation{}; expected a strength, such as --rotation 15",
                resolved.recipe
                    ? fmt::format(": recipe '{}' has no [augmentation]", resolved.recipe->name)
                    : std::string());
  if (arguments.seed) preview.seed = static_cast<std::uint64_t>(*arguments.seed);
  preview.first_epoch = arguments.epoch;
  preview.num_images = arguments.num_images;
  preview.versions = arguments.versions;
  return resolved;
}

// The images as a data set to draw: originals with their class as caption, versions with their
// epoch.
Dataset captioned(const Dataset& train, const PreviewOptions& options,
                  const AugmentationPreview& preview) {
  Dataset drawn;
  drawn.images = preview.images.clone();
  for (const std::int64_t index : preview.image_indices) {
    drawn.class_names.push_back(train.labelled()
                                    ? train.class_names[static_cast<std::size_t>(
                                          train.labels[static_cast<std::size_t>(index)])]
                                    : fmt::format("#{}", index));
    for (std::int64_t version = 0; version < preview.versions; ++version)
      drawn.class_names.push_back(fmt::format("epoch {}", options.first_epoch + version));
  }
  drawn.labels.resize(drawn.class_names.size());
  std::iota(drawn.labels.begin(), drawn.labels.end(), 0);
  return drawn;
}

void print_pictures(const Dataset& train, const PreviewOptions& options,
                    const AugmentationPreview& preview) {
  const Dataset drawn = captioned(train, options, preview);
  std::vector<std::int64_t> all(drawn.labels.begin(), drawn.labels.end());
  fmt::print("{}", draw_images(drawn, all,
                               {.width = stdout_is_terminal() ? terminal_width() : 80,
                                .color = use_color(1),
                                .per_row = static_cast<int>(preview.per_row())}));
  fmt::print("\n[augmentation]\n");
  for (const auto& [key, value] : to_attributes(options.augmentation))
    fmt::print("{} = {}\n", key, to_string(value));
}

double mean_pixel(const Tensor& images, std::int64_t place) {
  const std::int64_t size = images.shape().without_batch().num_elements();
  const auto pixels = images.as<std::uint8_t>().subspan(static_cast<std::size_t>(place * size),
                                                        static_cast<std::size_t>(size));
  return std::accumulate(pixels.begin(), pixels.end(), 0.0) / static_cast<double>(size);
}

void print_json(const Resolved& resolved, const Dataset& train,
                const AugmentationPreview& preview) {
  nlohmann::ordered_json json = {{"data", resolved.path},
                                 {"seed", resolved.preview.seed},
                                 {"first_epoch", resolved.preview.first_epoch},
                                 {"augmentation", nlohmann::ordered_json::object()},
                                 {"images", nlohmann::ordered_json::array()}};
  for (const AugmentRule& rule : augment_rules())
    json["augmentation"][rule.key] = resolved.preview.augmentation.*rule.member;
  for (std::size_t i = 0; i < preview.image_indices.size(); ++i) {
    const std::int64_t index = preview.image_indices[i];
    const std::int64_t place = static_cast<std::int64_t>(i) * preview.per_row();
    nlohmann::ordered_json image = {{"image_index", index}};
    if (train.labelled()) image["label"] = train.labels[static_cast<std::size_t>(index)];
    image["mean_pixel"] = mean_pixel(preview.images, place);
    for (std::int64_t version = 1; version <= preview.versions; ++version)
      image["augmented_mean_pixel"].push_back(mean_pixel(preview.images, place + version));
    json["images"].push_back(image);
  }
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

AugmentOptions default_augmentation() {
  return {
      .rotation = 10, .translation = 2, .zoom = 0.1, .shear = 10, .elastic = 0.8, .thickness = 0.4};
}

void show_data_augment(const DataAugmentArguments& arguments) {
  const Resolved resolved = resolve(arguments);
  const Dataset train = load_dataset(resolved.path, Split::kTrain,
                                     resolved.recipe ? resolved.recipe->load : LoadOptions());
  const std::vector<std::int32_t> among =
      resolved.recipe ? trained_on(*resolved.recipe, train) : std::vector<std::int32_t>{};
  const AugmentationPreview preview = make_preview(train, among, resolved.preview);
  if (!arguments.out.empty()) {
    write_sheet(arguments.out, preview.images, preview.per_row());
    inform(fmt::format("{}: originals on the left, then one column per epoch from --epoch on",
                       arguments.out));
  }
  if (arguments.json)
    print_json(resolved, train, preview);
  else if (arguments.show || arguments.out.empty())
    print_pictures(train, resolved.preview, preview);
}

}  // namespace digitry::app
