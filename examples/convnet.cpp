// A convolutional network for handwritten digits: about 99.4 % of MNIST's test images after ten
// epochs. Trains it, evaluates it and saves it; each argument may be left out.
//
//   convnet [EPOCHS [DATA [MODEL]]]
//   convnet 10 mnist convnet.safetensors

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include "digitry/digitry.h"

using namespace digitry;

int main(int argc, char** argv) try {
  // Text that is no number becomes 0, which `fit` refuses by name.
  const std::int64_t epochs = argc > 1 ? std::strtoll(argv[1], nullptr, 10) : 10;
  const std::string data = argc > 2 ? argv[2] : "mnist";
  const std::string path = argc > 3 ? argv[3] : "convnet.safetensors";

  const Dataset train = load_dataset(data, Split::kTrain);
  const Dataset test = load_dataset(data, Split::kTest);

  // 1. The network. Each block of convolutions sees larger parts of the image in fewer positions:
  // 28×28, then 14×14, then 7×7. A batch normalisation shifts values itself, so that the
  // convolution before it needs no bias.
  Network network(train.image_shape());
  network.add(Conv2d{.out_channels = 16, .kernel_size = 5, .padding = 2})
      .add(Relu{})
      .add(MaxPool2d{.kernel_size = 2})
      .add(Conv2d{.out_channels = 32, .kernel_size = 3, .padding = 1, .bias = false})
      .add(BatchNorm{})
      .add(Relu{})
      .add(MaxPool2d{.kernel_size = 2})
      .add(Conv2d{.out_channels = 64, .kernel_size = 3, .padding = 1, .bias = false})
      .add(BatchNorm{})
      .add(Relu{})
      .add(Flatten{})
      .add(Dropout{.rate = 0.25F})
      .add(Dense{.out_features = train.num_classes()});
  for (const LayerSummary& layer : network.summary())
    std::printf("%-22s %-12s %8lld parameters\n", layer.name.c_str(),
                layer.output_shape.to_string().c_str(),
                static_cast<long long>(layer.num_parameters));

  // 2. How to train. Augmentation shows the network every image a little changed in each epoch, as
  // another hand could have written it. The one-cycle schedule raises the learning rate at first
  // and lowers it towards the end.
  const Recipe recipe{
      .name = "convnet",
      .epochs = epochs,
      .batch_size = 128,
      .validation = 0.1,
      .optimizer = Adam{.learning_rate = 3e-3, .weight_decay = 1e-2},
      .schedule = OneCycle{.warmup = 0.3},
      .augmentation = AugmentOptions{.rotation = 10, .translation = 2, .zoom = 0.1, .shear = 5}};

  // 3. Training. `fit` returns the weights of the epoch that was best on the validation images.
  const Model model =
      fit(network, train, recipe, {.on_epoch = [](const EpochRecord& epoch, bool best) {
            std::printf("epoch %lld: loss %.4f, validation accuracy %.2f %%%s\n",
                        static_cast<long long>(epoch.epoch), epoch.loss,
                        100 * epoch.val_accuracy.value_or(0), best ? " (best so far)" : "");
          }});

  // 4. Evaluation on images that neither training nor the choice of the epoch has seen.
  const Evaluation evaluation = evaluate(model, test);
  std::cout << summary_text(evaluation) << class_table_text(evaluation);
  save_model(model, path);
  std::cout << "written: " << path << '\n';
  return 0;
} catch (const Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
