#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace digitry::serving {

/// What is counted of one model. May be called from several threads at once.
class ModelMetrics {
 public:
  virtual ~ModelMetrics() = default;

  /// One batch was computed.
  virtual void computed(std::int64_t num_images, double seconds) = 0;
  /// A request waited this long for its batch to begin.
  virtual void waited(double seconds) = 0;
  virtual void set_queued(std::int64_t num_requests) = 0;
  /// A request found the queue full.
  virtual void rejected() = 0;
  virtual void reloaded(bool succeeded) = 0;
};

/// Everything that is counted, in the text format of Prometheus. May be called from several threads
/// at once.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// Those of a model, by name. Lives as long as this.
  ModelMetrics& model(const std::string& name);

  /// One request was answered. `route` is a pattern, not a path, and "" where there is none.
  void answered(std::string_view method, std::string_view route, int status, double seconds);
  void connected();
  void disconnected();
  /// A connection over the limit was turned away.
  void turned_away();

  /// The exposition, version 0.0.4 of the text format.
  std::string text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace digitry::serving
