#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "digitry/tensor/tensor.h"

namespace digitry {

/// The images whose predicted class has a probability in [low, high). The last bin includes 1.
struct ReliabilityBin {
  double low = 0;
  double high = 0;
  std::int64_t num_images = 0;
  double confidence = 0;  ///< Mean probability of the predicted class; 0 without images.
  double accuracy = 0;    ///< Share of correct predictions; 0 without images.
};

/// How well predicted probabilities agree with the accuracy.
struct Calibration {
  /// ECE: |accuracy − confidence| of each bin, weighted by its images. 0 is perfect.
  /// Source: Naeini, Cooper, Hauskrecht, AAAI 2015; 15 bins as in Guo et al., ICML 2017.
  double expected_calibration_error = 0;
  double negative_log_likelihood = 0;  ///< Mean −log p(true class), nats.
  /// Mean of Σ_c (p_c − [c is the true class])²: 0 to 2. Source: Brier 1950.
  double brier_score = 0;
  std::vector<ReliabilityBin> bins;  ///< Of equal width, from 0 to 1.
};

/// Measures the calibration of softmax(logits / temperature). Expects logits float32 [N,
/// num_classes], N ≥ 1 and finite; N labels in range; temperature > 0.
Calibration measure_calibration(const Tensor& logits, std::span<const std::int32_t> labels,
                                double temperature = 1);

/// The temperature T in [0.05, 20] that maximises the likelihood of the labels under softmax(logits
/// / T). It does not change which class is predicted. Fit it on images that were not used for
/// training.
/// Source: Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", ICML 2017,
/// sec. 4.2. Expects the same arguments as `measure_calibration`, and one weight per image, at
/// least 0 and not all 0, or none if all images count alike.
double fit_temperature(const Tensor& logits, std::span<const std::int32_t> labels,
                       std::span<const float> weights = {});

}  // namespace digitry
