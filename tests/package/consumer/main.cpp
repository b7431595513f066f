#include <iostream>

#include "digitry/base/error.h"
#include "digitry/base/parallel.h"
#include "digitry/base/version.h"
#include "digitry/data/dataset.h"
#include "digitry/model_io/classifier.h"
#include "digitry/model_io/model.h"
#include "digitry/nn/cpu_info.h"

namespace {

// The example of README.md.
digitry::Tensor classify() {
  const digitry::Model model = digitry::load_model("runs/first/model.safetensors");
  const digitry::Dataset data = digitry::load_inputs("images.png");
  digitry::Classifier classifier(model);
  return classifier.logits(data.images);  // [N, classes]
}

}  // namespace

int main() {
  digitry::set_num_threads(1);
  std::cout << "digitry " << digitry::version() << ", oneDNN " << digitry::cpu_info().onednn_version
            << '\n';
  try {
    classify();
    return 1;
  } catch (const digitry::Error& error) {
    if (error.code() != digitry::ErrorCode::kBadData) return 1;
  }
  try {
    digitry::set_num_threads(-1);
  } catch (const digitry::Error& error) {
    return error.code() == digitry::ErrorCode::kInvalidArgument ? 0 : 1;
  }
  return 1;
}
