#pragma once

#include "digitry/report/gnuplot.h"
#include "digitry/report/study_page.h"

namespace digitry {

/// Scores in the order of the trials, and the best so far.
Figure study_course_figure(const StudyContent& content);

/// Scores against one value.
Figure study_value_figure(const StudyContent& content, std::size_t value);

}  // namespace digitry
