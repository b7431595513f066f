#pragma once

#include <string>

#include "digitry/evaluation/evaluate.h"
#include "digitry/evaluation/history.h"
#include "digitry/image/thumbnails.h"
#include "digitry/report/gnuplot.h"

namespace digitry {

/// Loss and accuracy side by side over the epochs. Expects at least one epoch.
Figure curves_figure(const History& history);

/// The same one at a time, for the page.
Figure loss_figure(const History& history);
Figure accuracy_figure(const History& history);

/// The SVG of one of the figures of 460×320 made part of a page: its colours are the page's
/// CSS variables --training, --validation, --muted and --line, its size and font are left to the
/// page, and its ids begin with `id_prefix`.
std::string themed_svg(std::string svg, const std::string& id_prefix);

/// Heat map of the counts: true classes down, predicted ones across.
Figure confusion_figure(const Evaluation& evaluation);

/// How often answers given with some probability were right, and how many there were.
Figure reliability_figure(const Evaluation& evaluation);

/// The most confident mistakes, at most 24. Expects at least one mistake.
Figure mistakes_figure(const Evaluation& evaluation, const Thumbnailer& thumbnailer);

}  // namespace digitry
