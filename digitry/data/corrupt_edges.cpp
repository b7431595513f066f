#include "digitry/data/canny.h"
#include "digitry/data/corruptors.h"

namespace digitry::corruptors {

Corruptor canny_edges(ImageSize size) {
  // Where the same digit is larger, its gradients are smaller.
  const double pixels = unit(size);
  const CannyOptions options{
      .sigma = pixels, .low_threshold = 0.1 / pixels, .high_threshold = 0.2 / pixels};
  return [area = size.height * size.width, detector = CannyDetector(size, options)](
             const std::uint8_t* from, RandomStream&, float* to) mutable {
    copy_ink(from, area, to);
    detector.detect(to);
  };
}

}  // namespace digitry::corruptors
