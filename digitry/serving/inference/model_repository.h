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
  std::string shipped;  ///< If not empty, the name of a shipped model, used instead of `path`.
};

/// Whether `name` can be part of a URL path: 1 to 64 of A–Z a–z 0–9 . _ -, not starting with a full
/// stop.
bool is_model_name(std::string_view name);

/// A served name with the model that is loaded for it now.
class ModelEntry {
 public:
  /// Throws as `load_model`, `shipped_model` and ServedModel's constructor do.
  ModelEntry(ModelSource source, const QueueOptions& options, ModelMetrics& metrics);

  const std::string& name() const { return source_.name; }
  /// The model for requests that arrive now.
  std::shared_ptr<const ServedModel> current() const;
  InferenceQueue& queue() { return queue_; }

  /// Loads the file again if it has changed and was stable between two calls. If it is missing or
  /// invalid, logs that once and keeps the current model.
  void reload_if_changed();

 private:
  /// Identifies the content of a file without reading it.
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
  std::optional<Stamp> tried_;  ///< Of the content that was loaded or rejected last.
  std::optional<Stamp> seen_;   ///< At the last call of reload_if_changed.
  mutable std::mutex mutex_;
  std::shared_ptr<const ServedModel> current_;
  InferenceQueue queue_;
};

/// The models of a server.
class ModelRepository {
 public:
  /// Loads all models. Throws Error{kInvalidArgument} if a name is invalid or occurs twice, and as
  /// ModelEntry's constructor does.
  ModelRepository(const std::vector<ModelSource>& sources, const QueueOptions& options,
                  Metrics& metrics);

  const std::vector<std::unique_ptr<ModelEntry>>& entries() const { return entries_; }
  /// Null if there is none.
  ModelEntry* find(std::string_view name) const;

  /// Calls ModelEntry::reload_if_changed of each. Call it regularly, from one thread.
  void reload_changed();

 private:
  std::vector<std::unique_ptr<ModelEntry>> entries_;
};

}  // namespace digitry::serving
