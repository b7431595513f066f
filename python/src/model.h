#pragma once

#include <memory>
#include <utility>

#include "digitry/model_io/classifier.h"

namespace digitry::python {

/// digitry.Model: a model and what runs it. Immutable, safe to use from several threads.
struct PythonModel {
  explicit PythonModel(Model&& model)
      : classifier(std::make_unique<Classifier>(std::move(model))) {}

  const Model& model() const { return classifier->model(); }

  std::unique_ptr<const Classifier> classifier;
};

}  // namespace digitry::python
