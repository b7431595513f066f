#pragma once

#include <kainjow/mustache.hpp>
#include <string>

#include "digitry/report/report.h"

/// The rows of the page's tables, as the template names them. Strings are clean UTF-8, not escaped:
/// the template does that.
namespace digitry {

/// Rows of the table of the most confused pairs.
constexpr std::size_t kMaxTopPairs = 12;

std::string class_name(const Evaluation& evaluation, std::int32_t class_index);

kainjow::mustache::data column_headers(const Evaluation& evaluation);
kainjow::mustache::data confusion_rows(const Evaluation& evaluation);
kainjow::mustache::data class_rows(const Evaluation& evaluation);
kainjow::mustache::data pair_row(const Evaluation& evaluation, const ConfusedPair& pair);
kainjow::mustache::data epoch_rows(const History& history);

/// "Training loss from 0.28 to 0.02 over 10 epochs, validation loss from..., best at epoch 8."
std::string loss_description(const History& history);
std::string accuracy_description(const History& history);

kainjow::mustache::data reliability_rows(const Evaluation& evaluation);
/// "Of 9,912 answers given with 93 to 100 %, 99.4 % were right; ..."
std::string reliability_description(const Evaluation& evaluation);

/// Without corruption first, then under each.
kainjow::mustache::data robustness_rows(const Robustness& robustness);

void add_class_means(kainjow::mustache::data& page, const Evaluation& evaluation);
/// Recipe, model summary, facts and command line.
void add_provenance(kainjow::mustache::data& page, const ReportContent& content);

}  // namespace digitry
