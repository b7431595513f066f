// A training loop of one's own, instead of `fit`: for a loss, an order of images or a schedule that
// Digitry does not have. Each step is the textbook's: forward, loss, backward, update.
//
//   training_loop [EPOCHS [DATA [MODEL]]]

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

#include "digitry/digitry.h"

using namespace digitry;

int main(int argc, char** argv) try {
  const std::int64_t epochs = argc > 1 ? std::strtoll(argv[1], nullptr, 10) : 3;
  const std::string data = argc > 2 ? argv[2] : "mnist";
  const std::string path = argc > 3 ? argv[3] : "loop.safetensors";
  constexpr std::int64_t kBatchSize = 100;
  constexpr std::uint64_t kSeed = 1;
  const Dataset train = load_dataset(data, Split::kTrain);
  const Dataset test = load_dataset(data, Split::kTest);
  if (!train.labelled())
    throw Error(ErrorCode::kBadData, "{}: the images have no labels to train by", data);
  if (epochs < 1 || train.num_images() < kBatchSize)
    throw Error(ErrorCode::kInvalidArgument,
                "expected 1 epoch and {} images at least, got {} and {}", kBatchSize, epochs,
                train.num_images());

  // 1. A network is the list of layers with the values of their parameters.
  Network network(train.image_shape());
  network.add(Flatten{})
      .add(Dense{.out_features = 128})
      .add(Relu{})
      .add(Dense{.out_features = train.num_classes()});
  network.initialize(kSeed);

  // 2. A plan is the network made ready to compute with a certain number of images: kernels chosen,
  // memory laid out. The arena holds all parameters side by side, and beside them their gradients,
  // in the memory layouts that the plan has chosen.
  ParameterArena arena(/*with_gradients=*/true);
  Plan plan(network, kBatchSize, PlanMode::kTraining, arena);
  arena.load(network.parameters());

  // 3. The optimizer knows no layers: it updates one long array by another. Weight decay would act
  // on the first `decayed` values, which are the weights without the biases.
  const std::unique_ptr<Optimizer> optimizer =
      make_optimizer(Adam{.learning_rate = 1e-3},
                     {.all = arena.values().size(), .decayed = arena.num_weight_values()});

  // 4. The loop. An epoch takes the images in a new random order, in whole batches; the few images
  // that fill no batch are left out of this epoch.
  const Preprocessing preprocessing;  // Pixels of 0 to 255 become 0 to 1.
  std::vector<std::int32_t> order(static_cast<std::size_t>(train.num_images()));
  std::iota(order.begin(), order.end(), 0);
  std::vector<std::int32_t> labels(kBatchSize);
  std::vector<float> losses(kBatchSize);
  StepContext step{.seed = kSeed};  // What dropout layers would draw from.
  for (std::int64_t epoch = 1; epoch <= epochs; ++epoch) {
    RandomStream random(kSeed, RandomPurpose::kShuffle, static_cast<std::uint32_t>(epoch));
    shuffle(order, random);
    double loss = 0;
    std::int64_t correct = 0;
    std::int64_t seen = 0;
    for (; seen + kBatchSize <= train.num_images(); seen += kBatchSize, ++step.step) {
      const auto batch = std::span(order).subspan(static_cast<std::size_t>(seen), kBatchSize);
      for (std::size_t i = 0; i < batch.size(); ++i)
        labels[i] = train.labels[static_cast<std::size_t>(batch[i])];

      gather_batch(train.images, batch, preprocessing, plan.input());
      plan.forward(step);
      // The loss of each image, and the gradient of their mean by the logits.
      correct += kernels::softmax_cross_entropy(plan.logits(), labels, network.num_classes(),
                                                /*grad_scale=*/1.0F / kBatchSize, losses,
                                                plan.logit_gradients());
      plan.backward(step);
      optimizer->step(arena.gradients(), arena.values(), {.learning_rate = 1});
      loss += std::accumulate(losses.begin(), losses.end(), 0.0);
    }
    std::printf("epoch %lld: loss %.4f, accuracy %.2f %%\n", static_cast<long long>(epoch),
                loss / static_cast<double>(seen),
                100 * static_cast<double>(correct) / static_cast<double>(seen));
  }

  // 5. The trained values go back from the arena into the network, and the network into a model.
  network.set_parameters(arena.store(arena.values()));
  Model model{.members = one_member(std::move(network)),
              .preprocessing = preprocessing,
              .class_names = train.class_names};

  // 6. A classifier answers for the model; evaluating asks it about the test images.
  const Classifier classifier(std::move(model));
  std::cout << summary_text(evaluate(classifier, test));
  save_model(classifier.model(), path);
  std::cout << "written: " << path << '\n';
  return 0;
} catch (const Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
