#pragma once

#include "digitry/evaluation/evaluate.h"
#include "digitry/tensor/tensor.h"

namespace digitry::python {

/// digitry.Evaluation: an evaluation, and what its gallery shows.
struct PythonEvaluation : Evaluation {
  Tensor shown;  ///< uint8 [M, C, H, W]: the images of the first mistakes.
};

/// Keeps the images of the most confident mistakes. `images` is uint8 or float32 [N, C, H, W].
PythonEvaluation with_gallery(Evaluation evaluation, const Tensor& images);

}  // namespace digitry::python
