#pragma once

#include <kainjow/mustache.hpp>

#include "digitry/image/thumbnails.h"
#include "digitry/report/report.h"

/// What the page says of why: for `report.html.mustache`, strings clean UTF-8 and not escaped.
namespace digitry {

/// Throws Error{kShapeMismatch} where the explanations are not of the evaluation and its images.
void check_explanations(const ReportContent& content);

/// The mistakes explained. `sheet` has to show them.
void add_explained(kainjow::mustache::data& page, const ReportContent& content,
                   const Thumbnailer& thumbnailer, const SpriteSheet& sheet);

/// The map of the judged images.
void add_map(kainjow::mustache::data& page, const ReportContent& content);

}  // namespace digitry
