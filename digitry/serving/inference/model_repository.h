#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/model_io/classifier.h"
#include "digitry/model_io/model.h"
#include "digitry/serving/inference/inference_queue.h"
#include "digitry/serving/metrics.h"

namespace digitry::serving {

/// A model and the name under which it is served.
struct ModelSource {
  std::string name;
  std::filesystem::path path;
  std::string shipped;  ///< If not empty, instead of the file: the shipped model of that name.
};

/// Whether `name` may stand in a path of the API: 1 to 64 of A–Z a–z 0–9 . _ -, the first of them
/// no full stop.
bool is_model_name(std::string_view name);

/// A model under its name, whichever file content stands behind it at the moment.
class ModelEntry {
 public:
  /// Throws what `load_model`, `shipped_model` and ServedModel's constructor throw.
  ModelEntry(ModelSource source, const QueueOptions& options, ModelMetrics& metrics);

  const std::string& name() const { return source_.name; }
  /// What requests that come now are computed with.
  std::shared_ptr<const ServedModel> current() const;
  InferenceQueue& queue() { return queue_; }

  /// Reads the file again where it has changed and settled since. One that is missing or broken is
  /// told to the log, once, and the model that was there goes on.
  void reload_if_changed();

 private:
  /// What tells one content of a file from the next without reading it.
  struct Stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t bytes = 0;
    std::int64_t changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  static std::optional<Stamp> stamp_of(const std::filesystem::path& path);

  ModelSource source_;
  ModelMetrics& metrics_;
  std::optional<Stamp>
      tried_;  ///< Of the content that was read last, whether it was a model or not.
  std::optional<Stamp> seen_;  ///< At the last look.
  mutable std::mutex mutex_;
  std::shared_ptr<const ServedModel> current_;
  InferenceQueue queue_;
};

/// The models of a server.
class ModelRepository {
 public:
  /// Loads all of them. Throws Error{kInvalidArgument} for names that are not `is_model_name` or
  /// stand there twice, and what ModelEntry's constructor throws.
  ModelRepository(const std::vector<ModelSource>& sources, const QueueOptions& options,
                  Metrics& metrics);

  const std::vector<std::unique_ptr<ModelEntry>>& entries() const { return entries_; }
  /// Null where there is none.
  ModelEntry* find(std::string_view name) const;

  /// ModelEntry::reload_if_changed of each; to be called every now and then, by one thread.
  void reload_changed();

 private:
  std::vector<std::unique_ptr<ModelEntry>> entries_;
};

}  // namespace digitry::serving
