#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "digitry/evaluation/evaluate.h"
#include "digitry/evaluation/history.h"
#include "digitry/evaluation/robustness.h"
#include "digitry/tensor/tensor.h"
#include "digitry/training/explain_evaluation.h"
#include "digitry/training/run_folder.h"

namespace digitry {

/// One row of the model's summary table.
struct LayerRow {
  std::string name;          ///< "3 dense"
  std::string output_shape;  ///< For one image: "[512]".
  std::int64_t parameters = 0;
  std::int64_t multiply_adds = 0;  ///< For one image, forward.
};

/// The content of a report.
struct ReportContent {
  std::string title;    ///< "mlp on mnist"
  std::string split;    ///< The evaluated split: "test" or "validation".
  std::string command;  ///< The command line that made the run.
  std::string recipe;   ///< The resolved recipe, TOML.
  History history;      ///< Empty if the model is evaluated without its training.
  Evaluation evaluation;
  Tensor images;  ///< uint8 [N, C, H, W]: the evaluated images, which `evaluation` indexes.
  /// uint8 [R·augmented_per_row, C, H, W]: R rows, each a training image followed by its augmented
  /// versions. Empty if the recipe has no augmentation.
  Tensor augmented;
  std::int64_t augmented_per_row = 0;
  Explanations explanations;
  std::optional<Robustness> robustness;  ///< Set if corrupted images were evaluated.
  /// uint8 [R·corrupted_per_row, C, H, W]: R rows, each an evaluated image followed by its
  /// corrupted versions, in the order of `robustness`. May be empty.
  Tensor corrupted;
  std::int64_t corrupted_per_row = 0;
  std::vector<LayerRow> layers;
  Facts training;     ///< Timings, seed, numbers of images...
  Facts environment;  ///< Machine, threads, version, kernels...
  Facts data;         ///< Names and hashes of the data.
};

/// Renders `report.html`: a single file without scripts or network access, for light and dark
/// themes and for printing. Throws Error{kUnavailable} if gnuplot, which draws the curves, is not
/// installed, and Error{kShapeMismatch} if evaluation, explanations, images or rows do not fit
/// together.
std::string render_html(const ReportContent& content);

/// Writes curves, confusion, reliability and mistakes as .svg and as .png (twice the size) into
/// `folder`, which is made if missing. curves is left out without a history and mistakes without
/// mistakes; files of them from an earlier call are removed. Throws as `render_html`, and
/// Error{kIo} if a file cannot be written.
void write_figures(const ReportContent& content, const std::filesystem::path& folder);

}  // namespace digitry
