#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace digitry::serving {

/// The metrics of one model. Thread-safe.
class ModelMetrics {
 public:
  virtual ~ModelMetrics() = default;

  /// One batch was computed.
  virtual void computed(std::int64_t num_images, double seconds) = 0;
  /// A request waited this long before its batch started.
  virtual void waited(double seconds) = 0;
  virtual void set_queued(std::int64_t num_requests) = 0;
  /// A request found the queue full.
  virtual void rejected() = 0;
  virtual void reloaded(bool succeeded) = 0;
};

/// All metrics of a server, in the text format of Prometheus. Thread-safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// The metrics of a model. The reference is valid as long as this object.
  ModelMetrics& model(const std::string& name);

  /// One request was answered. `route` is the pattern, not the path; "" if no route matched.
  void answered(std::string_view method, std::string_view route, int status, double seconds);
  void connected();
  void disconnected();
  /// A connection was rejected because there are too many.
  void turned_away();

  /// All metrics in version 0.0.4 of the text format.
  std::string text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace digitry::serving
