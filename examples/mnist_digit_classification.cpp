// Handwritten digits from the files to the mistakes, step by step, as a notebook would have it:
// data, network, training, evaluation. Writes its pictures to the folder that it is given, or here.
//
//   digitry data fetch mnist && mnist_digit_classification pictures

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>

#include "digitry/base/file.h"
#include "digitry/digitry.h"
#include "digitry/image/png.h"
#include "digitry/image/thumbnails.h"
#include "digitry/report/figures.h"

using namespace digitry;

namespace {

void write(const std::string& path, const std::string& bytes) {
  write_file_atomically(path, bytes);  // All or nothing; throws Error.
  std::cout << "written: " << path << '\n';
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string folder = argc > 1 ? std::string(argv[1]) + "/" : "";
  const std::string data = argc > 2 ? argv[2] : "mnist";

  // 1. The data: 60,000 images to train on and 10,000 to test with, 28×28 pixels of 0 to 255.
  const Dataset train = load_dataset(data, Split::kTrain);
  const Dataset test = load_dataset(data, Split::kTest);
  std::cout << train.num_images() << " training images " << train.image_shape().to_string() << ", "
            << test.num_images() << " test images, " << train.num_classes() << " classes\n";

  // Samples to look at: the first forty.
  std::vector<std::int32_t> first(
      static_cast<std::size_t>(std::min<std::int64_t>(40, train.num_images())));
  for (std::size_t i = 0; i < first.size(); ++i) first[i] = static_cast<std::int32_t>(i);
  const Image samples = make_contact_sheet(train.images.take(first), {.per_row = 10, .zoom = 2});
  write(folder + "samples.png", encode_ink_png(samples));

  // 2. Preparation. Training scales pixels to 0–1 by itself, and takes a label as the one-hot row
  // that the cross-entropy compares the softmax with; here is what that means for the first image.
  const auto pixels = train.images.as<std::uint8_t>();
  const auto darkest = std::ranges::max_element(pixels.first(784));
  std::cout << "largest pixel of the first image: " << int{*darkest} << ", scaled "
            << *darkest / 255.0 << "\nlabel " << train.labels[0] << ", one-hot:";
  for (std::int64_t c = 0; c < train.num_classes(); ++c)
    std::cout << ' ' << (c == train.labels[0] ? 1 : 0);
  std::cout << "\n\n";

  // 3. The network: dense layers and dropout, a score for each of ten digits at the end. The loss
  // is the categorical cross-entropy of their softmax.
  Recipe recipe;
  recipe.name = "mlp";
  recipe.layers = {Flatten{},
                   Dense{.out_features = 512},
                   Relu{},
                   Dropout{.rate = 0.2F},
                   Dense{.out_features = 256},
                   Relu{},
                   Dropout{.rate = 0.2F},
                   Dense{.out_features = train.num_classes()}};
  recipe.optimizer = Adam{.learning_rate = 1e-3};
  recipe.epochs = 5;
  recipe.batch_size = 128;
  recipe.validation = 0.1;  // One image in ten is not trained on: it tells how training goes.

  // 4. Training.
  History history;
  const Model model =
      fit(recipe, train, {.on_epoch = [&](const EpochRecord& epoch, bool /*best*/) {
            history.epochs.push_back(epoch);
            std::printf(
                "epoch %d: loss %.4f, accuracy %.2f %%, validation loss %.4f, accuracy %.2f %%\n",
                static_cast<int>(epoch.epoch), epoch.loss, 100 * epoch.accuracy,
                epoch.val_loss.value_or(0), 100 * epoch.val_accuracy.value_or(0));
          }});
  save_model(model, folder + "mlp.safetensors");

  // 5. Evaluation, on images that no choice was made by.
  const Evaluation evaluation = evaluate(model, test);
  std::cout << '\n' << summary_text(evaluation) << confusion_text(evaluation) << '\n';

  // Curves of loss and accuracy, the confusion matrix, and a gallery of the digits taken for
  // others; they need gnuplot.
  const Thumbnailer thumbnailer(test.images);
  const Figure curves = curves_figure(history);
  const Figure confusion = confusion_figure(evaluation);
  const Figure mistakes = mistakes_figure(evaluation, thumbnailer);
  const std::vector<std::string> drawn = draw({{curves, FigureFormat::kPng},
                                               {confusion, FigureFormat::kPng},
                                               {mistakes, FigureFormat::kPng}});
  write(folder + "curves.png", drawn[0]);
  write(folder + "confusion.png", drawn[1]);
  write(folder + "mistakes.png", drawn[2]);
  return 0;
} catch (const Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
