#include "digitry/serving/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <chrono>
#include <map>
#include <mutex>

#include "digitry/base/version.h"

namespace digitry::serving {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

const Histogram::BucketBoundaries& duration_buckets() {
  static const Histogram::BucketBoundaries buckets{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025,
                                                   0.005,   0.01,   0.025,   0.05,   0.1,   0.25,
                                                   0.5,     1,      2.5,     10};
  return buckets;
}

const Histogram::BucketBoundaries& image_buckets() {
  static const Histogram::BucketBoundaries buckets{1, 2, 4, 8, 16, 32, 64, 256, 1024, 4096};
  return buckets;
}

Family<Counter>& counter(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}
Family<Gauge>& gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}
Family<Histogram>& histogram(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

// Clients can send any method; the label must have few values.
std::string method_label(std::string_view method) {
  for (const std::string_view known : {"GET", "HEAD", "POST"})
    if (method == known) return std::string(known);
  return "other";
}

double unix_seconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

}  // namespace

struct ModelFamilies {
  explicit ModelFamilies(prometheus::Registry& registry)
      : images(counter(registry, "digitry_inference_images_total", "Images classified.")),
        batch_images(histogram(registry, "digitry_inference_batch_images",
                               "Images computed together in one batch.")),
        seconds(histogram(registry, "digitry_inference_duration_seconds",
                          "Time to compute one batch.")),
        wait_seconds(histogram(registry, "digitry_inference_wait_seconds",
                               "Time from a request's arrival to the start of its batch.")),
        queued(
            gauge(registry, "digitry_inference_queued_requests", "Requests waiting for a batch.")),
        rejected(counter(registry, "digitry_inference_rejected_total",
                         "Requests rejected because the queue was full.")),
        reloads(counter(registry, "digitry_model_reloads_total",
                        "Reloads of the model's file, by result.")),
        loaded_at(gauge(registry, "digitry_model_loaded_timestamp_seconds",
                        "Time when the current model was loaded, in seconds since 1970.")) {}

  Family<Counter>& images;
  Family<Histogram>& batch_images;
  Family<Histogram>& seconds;
  Family<Histogram>& wait_seconds;
  Family<Gauge>& queued;
  Family<Counter>& rejected;
  Family<Counter>& reloads;
  Family<Gauge>& loaded_at;
};

class PrometheusModelMetrics : public ModelMetrics {
 public:
  PrometheusModelMetrics(ModelFamilies& families, const std::string& name)
      : images_(families.images.Add({{"model", name}})),
        batch_images_(families.batch_images.Add({{"model", name}}, image_buckets())),
        seconds_(families.seconds.Add({{"model", name}}, duration_buckets())),
        wait_seconds_(families.wait_seconds.Add({{"model", name}}, duration_buckets())),
        queued_(families.queued.Add({{"model", name}})),
        rejected_(families.rejected.Add({{"model", name}})),
        reloaded_(families.reloads.Add({{"model", name}, {"result", "ok"}})),
        reload_failed_(families.reloads.Add({{"model", name}, {"result", "failed"}})),
        loaded_at_(families.loaded_at.Add({{"model", name}})) {
    loaded_at_.Set(unix_seconds());
  }

  void computed(std::int64_t num_images, double seconds) override {
    images_.Increment(static_cast<double>(num_images));
    batch_images_.Observe(static_cast<double>(num_images));
    seconds_.Observe(seconds);
  }
  void waited(double seconds) override { wait_seconds_.Observe(seconds); }
  void set_queued(std::int64_t num_requests) override {
    queued_.Set(static_cast<double>(num_requests));
  }
  void rejected() override { rejected_.Increment(); }
  void reloaded(bool succeeded) override {
    (succeeded ? reloaded_ : reload_failed_).Increment();
    if (succeeded) loaded_at_.Set(unix_seconds());
  }

 private:
  Counter& images_;
  Histogram& batch_images_;
  Histogram& seconds_;
  Histogram& wait_seconds_;
  Gauge& queued_;
  Counter& rejected_;
  Counter& reloaded_;
  Counter& reload_failed_;
  Gauge& loaded_at_;
};

struct Metrics::Families {
  prometheus::Registry registry;
  Family<Counter>& requests = counter(registry, "digitry_http_requests_total",
                                      "Requests answered, by route, method and status.");
  Family<Histogram>& request_seconds =
      histogram(registry, "digitry_http_request_duration_seconds",
                "Time from the end of the request to its answer, by route.");
  Gauge& connections =
      gauge(registry, "digitry_http_open_connections", "Open connections.").Add({});
  Counter& connected =
      counter(registry, "digitry_http_connections_total", "Connections accepted.").Add({});
  Counter& turned_away = counter(registry, "digitry_http_connections_refused_total",
                                 "Connections rejected because there were too many.")
                             .Add({});
  ModelFamilies model_families{registry};
  std::mutex mutex;
  std::map<std::string, PrometheusModelMetrics> models;
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {
  gauge(families_->registry, "digitry_build_info", "Always 1; the label is the version.")
      .Add({{"version", std::string(version())}})
      .Set(1);
}

Metrics::~Metrics() = default;

ModelMetrics& Metrics::model(const std::string& name) {
  const std::lock_guard lock(families_->mutex);
  return families_->models.try_emplace(name, families_->model_families, name).first->second;
}

void Metrics::answered(std::string_view method, std::string_view route, int status,
                       double seconds) {
  const std::string pattern(route.empty() ? "none" : route);
  families_->requests
      .Add({{"route", pattern},
            {"method", method_label(method)},
            {"status", std::to_string(status)}})
      .Increment();
  families_->request_seconds.Add({{"route", pattern}}, duration_buckets()).Observe(seconds);
}

void Metrics::connected() {
  families_->connected.Increment();
  families_->connections.Increment();
}
void Metrics::disconnected() { families_->connections.Decrement(); }
void Metrics::turned_away() { families_->turned_away.Increment(); }

std::string Metrics::text() const {
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace digitry::serving
