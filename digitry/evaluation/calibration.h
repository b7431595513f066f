#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "digitry/tensor/tensor.h"

namespace digitry {

/// The images whose predicted class was given a probability in [low, high), the last bin 1 too.
struct ReliabilityBin {
  double low = 0;
  double high = 0;
  std::int64_t num_images = 0;
  double confidence = 0;  ///< Mean probability of the predicted class; 0 without images.
  double accuracy = 0;    ///< Share that was right; 0 without images.
};

/// How far probabilities can be taken at their word.
struct Calibration {
  /// ECE: |accuracy − confidence| of each bin, weighted by its images. 0 is perfect.
  /// Source: Naeini, Cooper, Hauskrecht, AAAI 2015; 15 bins as in Guo et al., ICML 2017.
  double expected_calibration_error = 0;
  double negative_log_likelihood = 0;  ///< Mean −log p(true class), nats.
  /// Mean of Σ_c (p_c − [c is the true class])²: 0 to 2. Source: Brier 1950.
  double brier_score = 0;
  std::vector<ReliabilityBin> bins;  ///< Of equal width, from 0 to 1.
};

/// Of the probabilities softmax(logits / temperature): logits float32 [N, num_classes], N ≥ 1,
/// finite; N labels in range; temperature > 0.
Calibration measure_calibration(const Tensor& logits, std::span<const std::int32_t> labels,
                                double temperature = 1);

/// The temperature T in [0.05, 20] for which softmax(logits / T) gives the labels the largest
/// likelihood. It changes no prediction. To be fitted on images that were not trained on.
/// Source: Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", ICML 2017,
/// sec. 4.2. Expects what `measure_calibration` wants.
double fit_temperature(const Tensor& logits, std::span<const std::int32_t> labels);

}  // namespace digitry
