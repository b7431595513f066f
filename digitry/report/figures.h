#pragma once

#include <string>

#include "digitry/evaluation/evaluate.h"
#include "digitry/evaluation/history.h"
#include "digitry/image/thumbnails.h"
#include "digitry/report/gnuplot.h"

namespace digitry {

/// Loss and accuracy over the epochs, side by side. Expects at least one epoch.
Figure curves_figure(const History& history);

/// The same as two separate figures, for the page.
Figure loss_figure(const History& history);
Figure accuracy_figure(const History& history);

/// Adapts the SVG of a 460×320 figure to a page: colours become the CSS variables --training,
/// --validation, --muted and --line, size and font are removed, and ids start with `id_prefix`.
std::string themed_svg(std::string svg, const std::string& id_prefix);

/// The confusion matrix as a heat map: rows are true classes, columns predicted classes.
Figure confusion_figure(const Evaluation& evaluation);

/// Reliability diagram: share of correct predictions by predicted probability, and their number.
Figure reliability_figure(const Evaluation& evaluation);

/// The most confident mistakes, at most 24. Expects at least one mistake.
Figure mistakes_figure(const Evaluation& evaluation, const Thumbnailer& thumbnailer);

}  // namespace digitry
