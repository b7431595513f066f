#include "apps/digitry/commands/training_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "apps/digitry/terminal/interrupt.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/text.h"
#include "digitry/model_io/checkpoint.h"

namespace digitry::app {
namespace {

std::string epoch_line(const EpochRecord& epoch, std::int64_t num_epochs, bool best) {
  std::string line = fmt::format("epoch {}/{}  loss {:.4f}  accuracy {:.2f} %", epoch.epoch,
                                 num_epochs, epoch.loss, 100 * epoch.accuracy);
  if (epoch.val_accuracy)
    line += fmt::format("  val_loss {:.4f}  val_accuracy {:.2f} %{}", *epoch.val_loss,
                        100 * *epoch.val_accuracy, best ? " (best)" : "");
  return line +
         fmt::format("  {} images/s", grouped(static_cast<std::int64_t>(epoch.images_per_second)));
}

// Saves what training has come to, or warns where it cannot: the training is worth more than its
// checkpoint.
class ProgressSaver {
 public:
  ProgressSaver(const RunFolder& run, const Trainer& trainer) : run_(run), trainer_(trainer) {}

  void save(const Checkpoint& checkpoint) try {
    save_checkpoint(checkpoint, run_.checkpoint());
    write_file_atomically(run_.history(), to_csv(trainer_.history()));
    warned_ = false;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kIo) throw;
    if (!warned_) warn(fmt::format("no checkpoint, trying again later: {}", error.what()));
    warned_ = true;
  }

 private:
  const RunFolder& run_;
  const Trainer& trainer_;
  bool warned_ = false;
};

}  // namespace

TrainingEnd run_training(const RunFolder& run, const Recipe& recipe, double checkpoint_seconds,
                         Trainer& trainer) {
  const InterruptGuard interrupt;
  ProgressBar bar("images");
  ProgressSaver saver(run, trainer);
  const std::int64_t num_train = std::ssize(trainer.split().train);
  TrainingObserver observer;
  observer.checkpoint_seconds = checkpoint_seconds;
  observer.on_step = [&](const TrainingProgress& p) {
    const std::int64_t in_epoch =
        std::min(num_train, p.step_in_epoch * trainer.plan().batch_size());
    bar.update("training", static_cast<std::uint64_t>((p.epoch - 1) * num_train + in_epoch),
               static_cast<std::uint64_t>(p.num_epochs * num_train),
               fmt::format("epoch {}/{}, loss {:.4f}, accuracy {:.2f} %", p.epoch, p.num_epochs,
                           p.loss, 100 * p.accuracy));
  };
  observer.on_epoch = [&](const EpochRecord& epoch, bool best) {
    inform(epoch_line(epoch, recipe.epochs, best));
  };
  observer.should_stop = [&] { return interrupt.requested(); };
  observer.save = [&](const Checkpoint& checkpoint) { saver.save(checkpoint); };
  return trainer.run(observer);
}

void resume_training(const RunFolder& run, Trainer& trainer) try {
  trainer.resume(load_checkpoint(run.checkpoint()));
} catch (const Error& error) {
  if (error.code() != ErrorCode::kBadData) throw;
  const std::string path = run.checkpoint().string();
  const std::string problem = error.what();
  throw Error(ErrorCode::kBadData, "{}{}; remove this file, and --resume begins anew",
              problem.starts_with(path) ? "" : path + ": ", problem);
}

}  // namespace digitry::app
