#include "digitry/evaluation/recognizer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "digitry/evaluation/evaluate.h"
#include "tests/support/blobs.h"
#include "tests/support/errors.h"
#include "tests/support/models.h"
#include "tests/support/near.h"
#include "tests/support/values.h"

namespace digitry::test {
namespace {

Tensor random_images(const Shape& shape) {
  Tensor images(shape, DType::kU8);
  std::ranges::copy(random_pixels(images.num_elements(), 3), images.as<std::uint8_t>().begin());
  return images;
}

// Logits of a network of one dense layer whose only weights are on the pixel in the middle.
Network watches_the_middle() {
  Network network({1, 5, 5}, 2, {flatten(), dense(2)});
  Tensor weight({2, 25}, DType::kF32);
  weight.as<float>()[12] = 40;
  Tensor bias({2}, DType::kF32);
  bias.as<float>()[1] = 20;
  std::vector<Parameter> parameters;
  parameters.push_back({"1.weight", std::move(weight)});
  parameters.push_back({"1.bias", std::move(bias)});
  network.set_parameters(std::move(parameters));
  return network;
}

TEST(Recognize, ProbabilitiesAreThoseOfTheImagesThemselves) {
  const Model model = small_model();
  const Tensor images = random_images({7, 1, 4, 4});
  Classifier classifier(model);
  const Recognition got = recognize(logits_by(classifier), 1.3, images);
  Tensor want = classifier.logits(images);
  softmax_rows(want, 1.3);
  // Computed in another batch, so that sums may be rounded otherwise.
  expect_near(got.probabilities.as<float>(), want.as<float>(), 1e-5, 1e-5);
  for (std::size_t i = 0; i < 7; ++i) {
    EXPECT_GE(got.agreement[i], 0);
    EXPECT_LE(got.agreement[i], 1);
  }
}

// On what lies on one side of the boundary whichever way it is bent the agreement is full; a dot in
// the middle does, as all views keep the middle where it is, and so does nothing at all.
TEST(Recognize, AgreesOnWhatStaysInItsClass) {
  Predictor predictor(watches_the_middle(), {});
  Tensor images({2, 1, 5, 5}, DType::kU8);
  images.as<std::uint8_t>()[12] = 255;
  const Recognition got = recognize(logits_by(predictor), 1, images);
  EXPECT_NEAR(got.agreement[0], 1, 1e-6);
  EXPECT_NEAR(got.agreement[1], 1, 1e-6);
}

// Ink in the corner is elsewhere, or fainter, in most of the copies.
TEST(Recognize, DisagreesOnWhatDoesNot) {
  Network network = watches_the_middle();
  std::vector<Parameter> moved;
  for (const Parameter& parameter : network.parameters())
    moved.push_back({parameter.name, parameter.value.clone()});
  auto weights = moved[0].value.as<float>();
  std::swap(weights[12], weights[0]);
  network.set_parameters(std::move(moved));
  Predictor predictor(network, {});
  Tensor images({1, 1, 5, 5}, DType::kU8);
  images.as<std::uint8_t>()[0] = 255;
  const Recognition got = recognize(logits_by(predictor), 1, images);
  EXPECT_LT(got.agreement[0], 0.9);
}

TEST(Recognize, ImagesOfAnotherSizeAreRefused) {
  const Model model = small_model();
  Classifier classifier(model);
  expect_error(ErrorCode::kShapeMismatch, {"expected images of shape [1,4,4]"}, [&] {
    recognize(logits_by(classifier), 1, random_images({1, 1, 4, 5}));
  });
}

}  // namespace
}  // namespace digitry::test
