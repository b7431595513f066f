#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "digitry/model_io/classifier.h"
#include "tests/serving/served.h"
#include "tests/support/near.h"

// A server must work with the kernels of every processor: this test runs again for each instruction
// set that oneDNN can be limited to.

namespace digitry::serving::test {
namespace {

// A grouped convolution, for which oneDNN has no direct kernel on many processors, and one that
// uses different kernels for batches and for single images.
Model grouped_convolution() {
  using namespace digitry::test;
  Model model = small_model();
  model.members = one_member(
      random_network({1, 14, 14}, 3,
                     {conv2d({.out_channels = 12, .padding = 1}), relu(),
                      conv2d({.out_channels = 12, .padding = 1, .groups = 3}), relu(), max_pool2d(),
                      conv2d({.out_channels = 32, .padding = 1}), relu(), flatten(), dense(3)},
                     1));
  return model;
}

json request(const Tensor& images, std::int64_t first, std::int64_t count) {
  const auto pixels = images.as<std::uint8_t>().subspan(static_cast<std::size_t>(first * 196),
                                                        static_cast<std::size_t>(count * 196));
  return {{"inputs",
           {{{"name", "pixels"},
             {"datatype", "UINT8"},
             {"shape", {count, 1, 14, 14}},
             {"data", std::vector<int>(pixels.begin(), pixels.end())}}}},
          {"outputs", {{{"name", "logits"}}}}};
}

// Waits for the answer, which may come on any thread.
std::vector<float> logits_of(Served& served, const json& body) {
  const Response response = served.infer(body);
  EXPECT_EQ(response.status, 200) << response.body;
  if (response.status != 200) return {};
  return json::parse(response.body)["outputs"][0]["data"].get<std::vector<float>>();
}

TEST(ServedConvolution, AnswersBatchesOfSeveralClientsAtOnce) {
  Served served({}, {.num_workers = 3}, grouped_convolution());
  constexpr std::int64_t kImages = 33;
  Tensor images({kImages, 1, 14, 14}, DType::kU8);
  std::ranges::copy(digitry::test::random_pixels(images.num_elements(), 4),
                    images.as<std::uint8_t>().begin());
  const Tensor want = Classifier(served.model(), {.max_batch_size = 1}).logits(images);
  std::vector<std::thread> clients;
  for (int client = 0; client < 4; ++client)
    clients.emplace_back([&] {
      for (const std::int64_t count : {1, 8, 33, 1, 8})
        digitry::test::expect_near(logits_of(served, request(images, kImages - count, count)),
                                   want.as<float>().last(static_cast<std::size_t>(count * 3)), 1e-4,
                                   1e-4);
    });
  for (std::thread& client : clients) client.join();
}

}  // namespace
}  // namespace digitry::serving::test
