#include "apps/digitry/commands/train_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "apps/digitry/commands/profile.h"
#include "apps/digitry/terminal/interrupt.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/parallel.h"
#include "digitry/base/text.h"
#include "digitry/base/thread_advisor.h"
#include "digitry/base/words.h"
#include "digitry/evaluation/evaluation_text.h"
#include "digitry/report/tensorboard.h"

namespace digitry::app {
namespace {

constexpr std::uint64_t kMaxCommandBytes = std::uint64_t{1} << 24;

std::string epoch_line(const EpochRecord& epoch, std::int64_t num_epochs, bool best) {
  std::string line = fmt::format("epoch {}/{}  loss {:.4f}  accuracy {:.2f} %", epoch.epoch,
                                 num_epochs, epoch.loss, 100 * epoch.accuracy);
  if (epoch.val_accuracy)
    line += fmt::format("  val_loss {:.4f}  val_accuracy {:.2f} %{}", *epoch.val_loss,
                        100 * *epoch.val_accuracy, best ? " (best)" : "");
  return line +
         fmt::format("  {} images/s", grouped(static_cast<std::int64_t>(epoch.images_per_second)));
}

std::string start_line(const Recipe& recipe, const Trainer& trainer) {
  return fmt::format(
      "{} {} on {}: {} images, {} set aside for validation, {} parameters, {} threads",
      trainer.num_steps_done() > 0 ? "resuming" : "training", recipe.name, recipe.data,
      grouped(std::ssize(trainer.split().train)), grouped(std::ssize(trainer.split().validation)),
      grouped(trainer.network().num_parameters()), num_threads());
}

// The folder of the events of `run`: `folder`/NAME, where a network of an ensemble (NAME/members/0)
// and a run of a series (NAME/seed-0) keep the name of the whole.
std::filesystem::path events_folder(const std::filesystem::path& folder,
                                    std::filesystem::path run) {
  run = std::filesystem::absolute(run).lexically_normal();
  if (!run.has_filename()) run = run.parent_path();
  const bool is_member = run.parent_path().filename() == "members";
  const bool is_part = is_member || run.filename().string().starts_with("seed-");
  const std::filesystem::path parent =
      is_part
          ? events_folder(folder, is_member ? run.parent_path().parent_path() : run.parent_path())
          : folder;
  return (is_member ? parent / "members" : parent) / run.filename();
}

// Writes the event files of a training. A file that cannot be written only causes a warning.
class EventWriter {
 public:
  explicit EventWriter(std::optional<std::string> folder) : folder_(std::move(folder)) {}

  void start(const RunFolder& run, const Recipe& recipe, std::int64_t epochs_done) {
    if (!folder_) return;
    attempt([&] {
      log_.emplace(folder_->empty() ? run.path : events_folder(*folder_, run.path), recipe,
                   epochs_done);
      inform("writing events for TensorBoard to " + log_->path().string());
    });
  }
  void add(const EpochRecord& epoch) {
    if (log_) attempt([&] { log_->add_epoch(epoch); });
  }
  void finish(const TrainedRun& run) {
    if (run.facts.num_networks > 1) start(run.held.folder, run.recipe, 0);
    if (log_ && run.evaluation)
      attempt([&] {
        log_->add_evaluation(run.evaluation->split, run.evaluation->evaluation,
                             run.evaluated_on->data);
      });
  }

 private:
  template <typename Action>
  void attempt(const Action& action) try {
    action();
  } catch (const Error& error) {
    log_.reset();
    warn(fmt::format("no further events for TensorBoard: {}", error.what()));
  }

  std::optional<std::string> folder_;
  std::optional<TensorBoardLog> log_;
};

// Shows the training of one network after another.
class TrainingView {
 public:
  TrainingView(bool profile, bool spare_processors, EventWriter& events)
      : profile_(profile), spare_processors_(spare_processors), events_(events) {}

  RunObserver observer() {
    const auto advise = [advisor = std::make_shared<ThreadAdvisor>(num_threads())] {
      return advisor->advise();
    };
    return {.on_step = [this](const TrainingProgress& progress) { show(progress); },
            .on_epoch =
                [this](const EpochRecord& epoch, bool best) {
                  inform(epoch_line(epoch, trainer_->recipe().epochs, best));
                  events_.add(epoch);
                },
            .should_stop = [this] { return interrupt_->requested(); },
            .num_threads = spare_processors_ ? std::function<int()>(advise) : nullptr,
            .on_start =
                [this](const Trainer& trainer, const RunFolder& folder) {
                  trainer_ = &trainer;
                  interrupt_.emplace();
                  bar_.emplace("images");
                  inform(start_line(trainer.recipe(), trainer));
                  events_.start(folder, trainer.recipe(), std::ssize(trainer.history().epochs));
                },
            .on_trained = [this](const Trainer& trainer, TrainingEnd end) { show(trainer, end); },
            .on_member =
                [](std::int64_t index, std::int64_t count) {
                  inform(fmt::format("network {} of {}", index + 1, count));
                }};
  }

 private:
  void show(const TrainingProgress& p) {
    const std::int64_t num_train = std::ssize(trainer_->split().train);
    const std::int64_t in_epoch = std::min(num_train, p.step_in_epoch * trainer_->batch_size());
    bar_->update("training", static_cast<std::uint64_t>((p.epoch - 1) * num_train + in_epoch),
                 static_cast<std::uint64_t>(p.num_epochs * num_train),
                 fmt::format("epoch {}/{}, loss {:.4f}, accuracy {:.2f} %", p.epoch, p.num_epochs,
                             p.loss, 100 * p.accuracy));
  }

  void show(const Trainer& trainer, TrainingEnd end) {
    bar_.reset();
    interrupt_.reset();
    if (end == TrainingEnd::kEarlyStopped)
      inform(fmt::format("stopped early: no better validation result in {} epochs",
                         trainer.recipe().patience));
    if (profile_) inform(profile_text(trainer.plan()));
  }

  bool profile_, spare_processors_;
  EventWriter& events_;
  const Trainer* trainer_ = nullptr;
  // Set while a network is trained.
  std::optional<InterruptGuard> interrupt_;
  std::optional<ProgressBar> bar_;
};

void print_summary(const TrainedRun& run) {
  const auto row = [](const std::string& name, const std::string& value) {
    fmt::print("{:<20}{}\n", name, value);
  };
  if (run.evaluation) {
    row(run.evaluation->split + " accuracy", accuracy_text(run.evaluation->evaluation));
    row(run.evaluation->split + " loss", fmt::format("{:.4f}", run.evaluation->evaluation.loss));
    row("calibration", calibration_text(run.evaluation->evaluation));
  }
  std::string training =
      fmt::format("{}, {} epochs", human_duration(run.facts.seconds), run.facts.num_epochs);
  if (run.facts.num_networks > 1)
    training += fmt::format(" for each of {} networks", run.facts.num_networks);
  if (run.facts.best_epoch > 0)
    training += fmt::format(", epoch {} kept (best on validation)", run.facts.best_epoch);
  row("training", training);
  row("model", run.held.folder.model().string());
}

// A missing report is only a warning, because the run is already trained and evaluated.
void write_report_if_possible(const TrainedRun& run, bool print) try {
  const RunFolder& folder = run.held.folder;
  write_run_report({.folder = folder,
                    .recipe = run.recipe,
                    .metrics = parse_run_metrics(run.metrics, folder.metrics().string()),
                    .history = run.history,
                    .model = run.model,
                    .evaluation = run.evaluation->evaluation,
                    .evaluated_on = run.evaluated_on->data,
                    .trained_on = run.trained_on});
  if (print) fmt::print("{:<20}{}\n", "report", folder.report().string());
} catch (const Error& error) {
  warn(fmt::format("could not write the report: {}; to try again: digitry report {}", error.what(),
                   shell_word(run.held.folder.path.string())));
}

}  // namespace

std::string command_line() {
  std::string line;
  std::string word;
  for (const char c : read_file("/proc/self/cmdline", kMaxCommandBytes)) {
    if (c != '\0') {
      word += c;
      continue;
    }
    line += (line.empty() ? "" : " ") + shell_word(word);
    word.clear();
  }
  return line;
}

std::optional<TrainedRun> train_and_report(const RunRequest& request, const TrainOutput& output,
                                           Communicator& ranks) {
  EventWriter events(ranks.is_first() ? output.tensorboard : std::nullopt);
  std::optional<TrainedRun> run = [&] {
    // A profile is of one plan, from the first step to the last.
    TrainingView view(request.profile, output.spare_processors && !request.profile, events);
    return train_run(request, view.observer(), ranks);
  }();
  if (!run) return run;
  events.finish(*run);
  if (output.print && output.json) fmt::print("{}", run->metrics);
  if (output.print && !output.json) print_summary(*run);
  std::fflush(stdout);
  if (run->evaluation && output.report)
    write_report_if_possible(*run, output.print && !output.json);
  return run;
}

}  // namespace digitry::app
