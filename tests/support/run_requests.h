#pragma once

#include <filesystem>

#include "digitry/training/run.h"
#include "tests/support/blobs.h"
#include "tests/support/networks.h"

namespace digitry::test {

/// A request for a run of two epochs in `folder`/run, on 60 images of three classes that are
/// written to `folder`/data in the layout of MNIST's files.
inline RunRequest blobs_request(const std::filesystem::path& folder) {
  const Dataset data = blobs(60, 3);
  write_mnist_layout(data, folder / "data");
  RunRequest request;
  request.recipe.name = "blobs";
  request.recipe.data = (folder / "data").string();
  request.recipe.layers = {flatten(), dense(data.num_classes())};
  request.recipe.epochs = 2;
  request.recipe.validation = 0.25;
  request.source = "a recipe";
  request.out = (folder / "run").string();
  request.command = "a program";
  return request;
}

}  // namespace digitry::test
