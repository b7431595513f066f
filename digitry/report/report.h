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
  std::string output_shape;  ///< Of one image: "[512]".
  std::int64_t parameters = 0;
  std::int64_t multiply_adds = 0;  ///< For one image, forward.
};

/// All that a report shows.
struct ReportContent {
  std::string title;    ///< "mlp on mnist"
  std::string split;    ///< What was judged: "test" or "validation".
  std::string command;  ///< The command line that made the run.
  std::string recipe;   ///< The resolved recipe, TOML.
  History history;      ///< May be empty: a model evaluated without its training.
  Evaluation evaluation;
  Tensor images;  ///< uint8 [N, C, H, W], the judged images, which `evaluation` indexes.
  /// uint8 [R·augmented_per_row, C, H, W]: training images, each followed by augmented versions of
  /// it, a row of augmented_per_row together. Empty where the recipe augments nothing.
  Tensor augmented;
  std::int64_t augmented_per_row = 0;
  Explanations explanations;
  std::optional<Robustness> robustness;  ///< Where corrupted images were judged too.
  /// uint8 [R·corrupted_per_row, C, H, W]: judged images, each followed by it under the corruptions
  /// of `robustness`, in their order. Empty where there is none.
  Tensor corrupted;
  std::int64_t corrupted_per_row = 0;
  std::vector<LayerRow> layers;
  Facts training;     ///< Timings, seed, numbers of images...
  Facts environment;  ///< Machine, threads, version, kernels...
  Facts data;         ///< Names and hashes of the data.
};

/// `report.html`: one file, no network, light and dark, printable.
/// Throws Error{kUnavailable} where gnuplot, which draws the curves, is not installed;
/// Error{kShapeMismatch} where the evaluation or the explanations are not of the images or a row is
/// not full.
std::string render_html(const ReportContent& content);

/// Writes curves, confusion matrix, reliability and mistakes as SVG and PNG into `folder` (made
/// where missing): curves.svg, confusion.svg, reliability.svg, mistakes.svg and the same as .png,
/// at twice the size. Without a history there are no curves, without mistakes no mistakes: what an
/// earlier call left is removed. Throws as `render_html` does, and Error{kIo} where a file cannot
/// be written.
void write_figures(const ReportContent& content, const std::filesystem::path& folder);

}  // namespace digitry
