// Which digit an image of 28×28 pixels shows, by the model that comes with Digitry:
//
//   classify_image three.png

#include <iostream>

#include "digitry/digitry.h"

using namespace digitry;

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: classify_image IMAGE\n";
    return 2;
  }
  const Classifier classifier(shipped_model("cnn-best"));
  for (const Prediction& prediction : classifier.classify(load_inputs(argv[1]).images))
    std::cout << classifier.model().class_names[static_cast<std::size_t>(prediction.label)] << "  "
              << 100 * prediction.probability << " %"
              << (prediction.rejected ? "  (probably no digit)" : "") << '\n';
  return 0;
} catch (const Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
