#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "digitry/model_io/model.h"
#include "digitry/serving/service.h"
#include "tests/support/models.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/values.h"

namespace digitry::serving::test {

using digitry::test::TemporaryFolder;
using nlohmann::json;

/// A service with one model, "small", in a temporary file: the small model of 1×4×4 images by
/// default.
class Served {
 public:
  explicit Served(ServiceOptions options = {}, QueueOptions queue = {},
                  Model model = digitry::test::small_model())
      : file_(folder_ / "small.safetensors"), model_(std::move(model)) {
    save_model(model_, file_);
    models_ = std::make_unique<ModelRepository>(
        std::vector<ModelSource>{{.name = "small", .path = file_, .shipped = {}}}, queue, metrics_);
    service_ = std::make_unique<Service>(std::move(options), *models_, metrics_);
  }

  Service& service() { return *service_; }
  ModelRepository& models() { return *models_; }
  Metrics& metrics() { return metrics_; }
  const Model& model() const { return model_; }
  const std::filesystem::path& file() const { return file_; }

  Response get(const std::string& target, Headers headers = {}) {
    return service_->handle({.method = "GET", .target = target, .headers = std::move(headers)});
  }
  Response post(const std::string& target, std::string body,
                Headers headers = {{"Content-Type", "application/json"}}) {
    return service_->handle({.method = "POST",
                             .target = target,
                             .headers = std::move(headers),
                             .body = std::move(body)});
  }
  Response infer(const json& request) { return post("/v2/models/small/infer", request.dump()); }

 private:
  const TemporaryFolder folder_;
  const std::filesystem::path file_;
  const Model model_;
  Metrics metrics_;
  std::unique_ptr<ModelRepository> models_;
  std::unique_ptr<Service> service_;
};

/// Random images, uint8 [count, 1, 4, 4], determined by `stream`.
inline Tensor small_images(std::int64_t count, std::uint32_t stream = 1) {
  Tensor images({count, 1, 4, 4}, DType::kU8);
  std::ranges::copy(digitry::test::random_pixels(count * 16, stream),
                    images.as<std::uint8_t>().begin());
  return images;
}

/// A request for these images, [N, 16], all in JSON.
inline json request_for(const Tensor& images) {
  const auto pixels = images.as<std::uint8_t>();
  return {{"inputs", json::array({{{"name", "pixels"},
                                   {"datatype", "UINT8"},
                                   {"shape", {images.shape()[0], 16}},
                                   {"data", std::vector<int>(pixels.begin(), pixels.end())}}})}};
}

/// The elements of a JSON output.
template <typename T>
std::vector<T> output_data(const std::string& body, const std::string& name) {
  const json answer = json::parse(body);
  for (const json& output : answer.at("outputs"))
    if (output.at("name") == name) return output.at("data").get<std::vector<T>>();
  return {};
}

inline std::string error_of(const Response& response) {
  return json::parse(response.body).at("error").get<std::string>();
}

}  // namespace digitry::serving::test
