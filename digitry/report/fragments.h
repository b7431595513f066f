#pragma once

#include <string>

#include "digitry/evaluation/evaluate.h"
#include "digitry/evaluation/history.h"
#include "digitry/model_io/model.h"
#include "digitry/report/study_page.h"
#include "digitry/tensor/tensor.h"

// Parts of the reports of runs and searches as HTML elements with their own style, to be put into
// another page: what a notebook shows.

namespace digitry {

/// Curves of loss and accuracy, and a table of the epochs. Without gnuplot, which draws the curves,
/// the table alone.
std::string history_html(const History& history);

/// Accuracy, confusion matrix, class table and mistakes. `images` is uint8 [M, C, H, W]: the images
/// of the first M mistakes, in their order; may be empty. Throws Error{kShapeMismatch} if there are
/// more images than mistakes.
std::string evaluation_html(const Evaluation& evaluation, const Tensor& images);

/// The best trial of a search, the accuracy of all trials in their order, and a table of the 20
/// best. Without gnuplot, which draws the figure, the texts and the table alone. Needs no `ticks`
/// and `coordinates`.
std::string study_html(const StudyContent& content);

/// The layers of the model's networks, with shapes, parameters and multiply-adds.
std::string model_html(const Model& model);

}  // namespace digitry
