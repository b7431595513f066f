#pragma once

#include "digitry/vision/components.h"
#include "digitry/vision/paper.h"

// Ink where the pen pressed lightly.

namespace digitry {

/// How far faint ink continues a stroke, in stroke widths.
inline constexpr double kFaintStrokes = 3;

/// Grows the components into the faint ink (`weak_mask`) up to `kFaintStrokes`, so that each
/// faint pixel gets the label of the nearest component. Two components that meet are linked.
///
/// Components that are not side by side, and that only a longer faint stroke connects, as the neck
/// of a thin 9 may be, get that stroke and are linked as well. Parts of it that were left out as
/// faint are no longer. It may be as faint as `faintest_mask`, at most as long as the higher
/// component is high, and no wider than the strokes: that is a shadow or a smudge.
void add_faint(const Paper& paper, Components& components);

}  // namespace digitry
