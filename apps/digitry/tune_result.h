#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "digitry/tuning/study.h"

namespace digitry::app {

/// The study of a folder.
std::filesystem::path study_path(const std::filesystem::path& folder);

/// Prints what a search has found, for a person or as JSON.
void print_search_result(Study& study, const Trial& best, const std::filesystem::path& folder,
                         bool as_json);

/// Writes tune.html: the study as far as it is, for a person to look at. That it cannot be written
/// is no failure of the search, and is warned of.
void write_study_page(Study& study, const std::optional<Trial>& best, const std::string& recipe,
                      const std::filesystem::path& folder);

}  // namespace digitry::app
