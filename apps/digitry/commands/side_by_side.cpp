#include "apps/digitry/commands/side_by_side.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "apps/digitry/commands/ranks.h"
#include "apps/digitry/commands/worker_processes.h"
#include "apps/digitry/terminal/interrupt.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/parallel.h"

namespace digitry::app {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kTrainingPoll{20};

std::vector<std::string> training_of(const fs::path& folder, const SideBySide& options, int threads,
                                     const TrainOutput& output) {
  std::vector<std::string> arguments{"digitry",
                                     "--quiet",
                                     "train",
                                     "--resume",
                                     "--out",
                                     folder.string(),
                                     "--threads",
                                     std::to_string(threads),
                                     "--checkpoint-every",
                                     fmt::format("{}", options.checkpoint_seconds)};
  if (!output.report) arguments.emplace_back("--no-report");
  if (output.tensorboard) {
    arguments.emplace_back("--tensorboard");
    if (!output.tensorboard->empty()) arguments.push_back(*output.tensorboard);
  }
  return arguments;
}

// What the first rank sends to the others: two lines about the output, then one per folder.
constexpr std::string_view kEnd = "end";
constexpr std::size_t kFirstFolder = 2;
constexpr std::string_view kEventsIn = "events in ";

std::string one_line(const std::string& option, const std::string& path) {
  if (path.find('\n') != std::string::npos)
    throw Error(ErrorCode::kInvalidArgument, "{}: expected a path without line breaks", option);
  return path;
}

std::string to_order(const std::vector<fs::path>& folders, const TrainOutput& output) {
  std::string order = output.report ? "report" : "no report";
  order += output.tensorboard
               ? "\n" + std::string(kEventsIn) + one_line("--tensorboard", *output.tensorboard)
               : "\nno events";
  for (const fs::path& folder : folders)
    order += "\n" + one_line("--out", fs::absolute(folder).string());
  return order;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos) return lines;
    begin = end + 1;
  }
}

}  // namespace

void train_by_processes(const std::vector<fs::path>& folders, const SideBySide& options,
                        const TrainOutput& output) {
  const InterruptGuard interrupt;
  const int threads = std::max(1, num_threads() / options.jobs);
  inform(fmt::format("training {} networks, {} at a time, with {} thread{} each", folders.size(),
                     options.jobs, threads, threads == 1 ? "" : "s"));
  ProgressBar bar("trainings");
  WorkerProcesses workers;
  std::size_t started = 0;
  std::size_t running = 0;
  while (started < folders.size() || running > 0) {
    while (started < folders.size() && running < static_cast<std::size_t>(options.jobs)) {
      workers.start(training_of(folders[started++], options, threads, output));
      running = workers.num_running();
    }
    bar.update("training", started - running, folders.size());
    std::this_thread::sleep_for(kTrainingPoll);
    running = workers.num_running();
    if (interrupt.requested()) throw Error(ErrorCode::kInterrupted, "interrupted");
    if (workers.worst_status() != 0)
      throw Error(
          ErrorCode::kUnavailable,
          "a training of {} ended with exit status {}; the others are stopped, and --resume "
          "continues them",
          folders.front().parent_path().string(), workers.worst_status());
  }
}

RankGroups::RankGroups(MpiCommunicator& ranks, const SideBySide& options)
    : ranks_(ranks),
      options_(options),
      group_(split_into_groups(ranks, options.ranks_per_training)) {}

RankGroups::~RankGroups() {
  if (ranks_.is_first()) broadcast(ranks_, kEnd);
}

void RankGroups::train(const std::vector<fs::path>& folders, const TrainOutput& output) {
  const std::string order = to_order(folders, output);
  inform(fmt::format("training {} networks, {} at a time", folders.size(),
                     ranks_.size() / options_.ranks_per_training));
  train_share(broadcast(ranks_, order));
}

void RankGroups::help() {
  for (std::string order = broadcast(ranks_, ""); order != kEnd; order = broadcast(ranks_, "")) {
    try {
      train_share(order);
    } catch (const Error&) {  // The first rank throws it, too, and reports it.
    }
  }
}

void RankGroups::train_share(const std::string& order) {
  const std::vector<std::string> lines = lines_of(order);
  TrainOutput output{.report = lines[0] == "report", .print = false};
  if (lines[1].starts_with(kEventsIn)) output.tensorboard = lines[1].substr(kEventsIn.size());
  const auto group = static_cast<std::size_t>(ranks_.rank() / options_.ranks_per_training);
  const auto groups = static_cast<std::size_t>(ranks_.size() / options_.ranks_per_training);
  collectively(ranks_, [&] {
    for (std::size_t i = kFirstFolder + group; i < lines.size(); i += groups) {
      const std::string& folder = lines[i];
      if (group_->is_first() && !path_exists(RunFolder{folder}.config()))
        throw Error(ErrorCode::kBadData,
                    "{}: expected the run that the first rank began, found none; --out must be on "
                    "a file system that all hosts share",
                    folder);
      train_and_report({.recipe = {},
                        .source = folder,
                        .out = folder,
                        .resume = true,
                        .checkpoint_seconds = options_.checkpoint_seconds,
                        .command = command_line()},
                       output, *group_);
    }
  });
}

}  // namespace digitry::app
