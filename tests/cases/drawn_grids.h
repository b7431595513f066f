#pragma once

#include "tests/cases/drawing.h"

namespace digitry::test {

/// One digit in each cell of a box or grid.
void draw_cells(Drawing& d, int columns, int rows);
/// A photographed sudoku: printed and written digits, seen from aside, in uneven light.
void draw_sudoku(Drawing& d);

}  // namespace digitry::test
