#include "digitry/serving/inference/model_repository.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <limits>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/log.h"
#include "digitry/model_io/model.h"
#include "digitry/tensor/tensor.h"

namespace digitry::serving {
namespace {

constexpr std::size_t kMaxNameLength = 64;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

Model load(const ModelSource& source) {
  return source.shipped.empty() ? load_model(source.path) : shipped_model(source.shipped);
}

}  // namespace

bool is_model_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameLength && name.front() != '.' &&
         std::ranges::all_of(name, is_name_character);
}

std::optional<ModelEntry::Stamp> ModelEntry::stamp_of(const std::filesystem::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return Stamp{info.st_dev, info.st_ino, info.st_size,
               std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec};
}

ModelEntry::ModelEntry(ModelSource source, const QueueOptions& options, ModelMetrics& metrics)
    : source_(std::move(source)),
      metrics_(metrics),
      tried_(stamp_of(source_.path)),
      seen_(tried_),
      current_(std::make_shared<ServedModel>(load(source_))),
      queue_(options, metrics) {}

std::shared_ptr<const ServedModel> ModelEntry::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

void ModelEntry::reload_if_changed() {
  const std::optional<Stamp> now = stamp_of(source_.path);
  // A file that is being written in place differs from call to call.
  const bool settled = now == std::exchange(seen_, now);
  if (!settled || now == tried_) return;
  tried_ = now;
  try {
    auto next = std::make_shared<const ServedModel>(load(source_));
    {
      const std::lock_guard lock(mutex_);
      current_.swap(next);
    }
    metrics_.reloaded(true);
    log(LogLevel::kInfo,
        fmt::format("model {}: reloaded from {}", source_.name, source_.path.string()));
  } catch (const std::exception& error) {
    metrics_.reloaded(false);
    log(LogLevel::kWarning, fmt::format("model {}: reload failed, keeping the previous model: {}",
                                        source_.name, error.what()));
  }
}

ModelRepository::ModelRepository(const std::vector<ModelSource>& sources,
                                 const QueueOptions& options, Metrics& metrics) {
  for (const ModelSource& source : sources) {
    if (!is_model_name(source.name))
      throw Error(
          ErrorCode::kInvalidArgument,
          "model name \"{}\": expected 1 to {} of A-Z a-z 0-9 . _ -, not starting with a full stop",
          source.name, kMaxNameLength);
    if (find(source.name) != nullptr)
      throw Error(ErrorCode::kInvalidArgument, "duplicate model name \"{}\"", source.name);
    entries_.push_back(std::make_unique<ModelEntry>(source, options, metrics.model(source.name)));
  }
}

ModelEntry* ModelRepository::find(std::string_view name) const {
  const auto found =
      std::ranges::find_if(entries_, [&](const auto& entry) { return entry->name() == name; });
  return found == entries_.end() ? nullptr : found->get();
}

void ModelRepository::reload_changed() {
  for (const std::unique_ptr<ModelEntry>& entry : entries_) entry->reload_if_changed();
}

}  // namespace digitry::serving
