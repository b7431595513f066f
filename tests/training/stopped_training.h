#pragma once

#include <gtest/gtest.h>

#include "digitry/model_io/safetensors.h"
#include "digitry/training/trainer.h"
#include "tests/support/blobs.h"
#include "tests/support/temporary_folder.h"

namespace digitry::test {

/// 24 training images, with `ragged_recipe` in batches of 9, 9, 6: a smaller last batch.
inline Dataset ragged_data() { return blobs(30); }

inline Recipe ragged_recipe() {
  Recipe recipe = blob_recipe();
  recipe.batch_size = 9;
  return recipe;
}

/// Runs until `steps` are done in total, then saves and reloads the checkpoint.
inline Checkpoint stop_after(Trainer& trainer, std::int64_t steps) {
  const TemporaryFolder folder;
  int saves = 0;
  TrainingObserver observer;
  observer.should_stop = [&] { return trainer.num_steps_done() >= steps; };
  observer.save = [&](const Checkpoint& checkpoint) {
    ++saves;
    save_checkpoint(checkpoint, folder / "checkpoint");
  };
  observer.checkpoint_seconds = 1e9;
  EXPECT_EQ(trainer.run(observer), TrainingEnd::kInterrupted);
  EXPECT_EQ(trainer.num_steps_done(), steps);
  EXPECT_EQ(saves, 1);
  return load_checkpoint(folder / "checkpoint");
}

}  // namespace digitry::test
