#pragma once

#include <string>

#include "digitry/report/report.h"

namespace digitry {

/// What is drawn outside the page, ready to stand in it: SVG elements; without a history there are
/// no curves.
struct PageCurves {
  std::string loss_svg;
  std::string accuracy_svg;
  std::string reliability_svg;
};

/// The page of `content`. Everything of `content` is escaped; `curves` is put in as it is.
std::string render_page(const ReportContent& content, const PageCurves& curves);

}  // namespace digitry
