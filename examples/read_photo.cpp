// Reads the digits in a photograph, with the model that comes with Digitry:
//
//   read_photo photo.jpg [annotated.png]

#include <iostream>

#include "digitry/base/file.h"
#include "digitry/digitry.h"
#include "digitry/image/png.h"
#include "digitry/vision/decode.h"
#include "digitry/vision/reader.h"

using namespace digitry;

int main(int argc, char** argv) try {
  if (argc != 2 && argc != 3) {
    std::cerr << "usage: read_photo PHOTO [ANNOTATED.png]\n";
    return 2;
  }
  const Classifier classifier(shipped_model("cnn-best"));
  const std::vector<std::string>& names = classifier.model().class_names;
  const Image photo = load_picture(argv[1]);
  const Reading reading = read_digits(photo, classifier);
  std::cout << to_text(reading, names) << "\n\n";  // '?' for what is probably no digit.
  for (const ReadDigit& digit : reading.digits)
    std::cout << "line " << digit.line + 1 << "  " << names[digit.label()] << "  "
              << 100 * digit.probability() << " %"
              << (digit.prediction.rejected ? "  (probably no digit)" : "") << '\n';
  if (argc == 3) write_file_atomically(argv[2], encode_png(annotate(photo, reading, names)));
  return 0;
} catch (const Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
