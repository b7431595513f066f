#include <fmt/format.h>

#include <algorithm>

#include "digitry/base/text.h"
#include "digitry/report/attribution.h"
#include "digitry/report/run_page.h"

namespace digitry {
namespace {

using kainjow::mustache::data;

std::string pair_anchor(std::size_t label, std::size_t predicted) {
  return fmt::format("pair-{}-{}", label, predicted);
}

data confusion_cell(const Evaluation& evaluation, std::size_t label, std::size_t predicted,
                    std::int64_t largest) {
  const std::int64_t count = evaluation.confusion[label][predicted];
  const std::string label_name = class_name(evaluation, static_cast<std::int32_t>(label));
  data cell;
  cell.set("some", count > 0);
  if (count == 0) return cell;
  cell.set("count", fmt::format("{}", count));
  if (label == predicted) {
    cell.set("style", fmt::format("r{}", recall_level(evaluation.per_class[label].recall)));
    cell.set("anchor", fmt::format("class-{}", label));
    cell.set("meaning", fmt::format("{} of {} classified correctly", count, label_name));
  } else {
    cell.set("style", fmt::format("w{}", mistake_level(count, largest)));
    cell.set("anchor", pair_anchor(label, predicted));
    cell.set("meaning", fmt::format("{} of {} classified as {}", count, label_name,
                                    class_name(evaluation, static_cast<std::int32_t>(predicted))));
  }
  return cell;
}

data facts(const Facts& list) {
  data rows{data::type::list};
  for (const auto& [label, value] : list) {
    data row;
    row.set("label", clean_utf8(label));
    row.set("value", clean_utf8(value));
    rows.push_back(row);
  }
  return rows;
}

std::string course(const char* what, double first, double last) {
  return fmt::format("{} from {:.4g} to {:.4g}", what, first, last);
}

std::string description(const History& history, const char* what, double EpochRecord::*training,
                        std::optional<double> EpochRecord::*validation) {
  if (history.epochs.empty()) return "";
  const EpochRecord &first = history.epochs.front(), &last = history.epochs.back();
  std::string text = fmt::format("{} over {} {}: ", what, history.epochs.size(),
                                 history.epochs.size() == 1 ? "epoch" : "epochs");
  text += course("training", first.*training, last.*training);
  if (first.*validation && last.*validation) {
    text += ", " + course("validation", *(first.*validation), *(last.*validation));
  }
  if (history.best_epoch > 0) text += fmt::format("; best at epoch {}", history.best_epoch);
  return text + ".";
}

std::string optional_text(const std::optional<double>& value, bool as_percent) {
  if (!value) return "–";
  return as_percent ? percent_number(*value, 2) : fmt::format("{:.4f}", *value);
}

}  // namespace

std::string class_name(const Evaluation& evaluation, std::int32_t class_index) {
  return clean_utf8(evaluation.class_names.at(static_cast<std::size_t>(class_index)));
}

data column_headers(const Evaluation& evaluation) {
  data columns{data::type::list};
  for (std::size_t c = 0; c < evaluation.class_names.size(); ++c) {
    data column;
    column.set("class", class_name(evaluation, static_cast<std::int32_t>(c)));
    columns.push_back(column);
  }
  return columns;
}

data confusion_rows(const Evaluation& evaluation) {
  const std::int64_t largest = largest_mistake(evaluation.confusion);
  data rows{data::type::list};
  for (std::size_t label = 0; label < evaluation.confusion.size(); ++label) {
    data cells{data::type::list};
    for (std::size_t predicted = 0; predicted < evaluation.confusion.size(); ++predicted) {
      cells.push_back(confusion_cell(evaluation, label, predicted, largest));
    }
    data row;
    row.set("class", class_name(evaluation, static_cast<std::int32_t>(label)));
    row.set("first", label == 0);
    row.set("cells", cells);
    rows.push_back(row);
  }
  return rows;
}

data class_rows(const Evaluation& evaluation) {
  data rows{data::type::list};
  for (std::size_t c = 0; c < evaluation.per_class.size(); ++c) {
    const ClassMetrics& metrics = evaluation.per_class[c];
    data row;
    row.set("class", class_name(evaluation, static_cast<std::int32_t>(c)));
    row.set("support", grouped(metrics.support));
    row.set("precision", percent_number(metrics.precision, 2));
    row.set("recall", percent_number(metrics.recall, 2));
    row.set("f1", percent_number(metrics.f1, 2));
    rows.push_back(row);
  }
  return rows;
}

data reliability_rows(const Evaluation& evaluation) {
  data rows{data::type::list};
  for (const ReliabilityBin& bin : evaluation.calibration.bins) {
    if (bin.num_images == 0) continue;
    data row;
    row.set("range",
            fmt::format("{} – {}", percent_number(bin.low, 0), percent_number(bin.high, 0)));
    row.set("images", grouped(bin.num_images));
    row.set("confidence", percent_number(bin.confidence, 2));
    row.set("accuracy", percent_number(bin.accuracy, 2));
    rows.push_back(row);
  }
  return rows;
}

data robustness_rows(const Robustness& robustness) {
  data rows{data::type::list};
  const auto add = [&](const char* name, const Score& score) {
    data row;
    row.set("corruption", name);
    row.set("accuracy", percent_number(score.accuracy, 2));
    row.set("interval", fmt::format("{} – {}", percent_number(score.accuracy_95.low, 2),
                                    percent_number(score.accuracy_95.high, 2)));
    row.set("mistakes", grouped(robustness.num_images - score.num_correct));
    rows.push_back(row);
  };
  add("none", robustness.clean);
  for (const CorruptedScore& each : robustness.corrupted)
    add(to_string(each.corruption), each.score);
  return rows;
}

std::string reliability_description(const Evaluation& evaluation) {
  std::string text = "Share of correct predictions by predicted probability:";
  for (const ReliabilityBin& bin : evaluation.calibration.bins)
    if (bin.num_images > 0)
      text += fmt::format(" {} with {} to {} %, {} % correct;", grouped(bin.num_images),
                          percent_number(bin.low, 0), percent_number(bin.high, 0),
                          percent_number(bin.accuracy, 1));
  text.back() = '.';
  return text;
}

void add_class_means(data& page, const Evaluation& evaluation) {
  ClassMetrics sum;
  for (const ClassMetrics& metrics : evaluation.per_class) {
    sum.precision += metrics.precision;
    sum.recall += metrics.recall;
    sum.f1 += metrics.f1;
    sum.support += metrics.support;
  }
  const auto num_classes = static_cast<double>(evaluation.per_class.size());
  page.set("total_support", grouped(sum.support));
  page.set("mean_precision", percent_number(sum.precision / num_classes, 2));
  page.set("mean_recall", percent_number(sum.recall / num_classes, 2));
  page.set("mean_f1", percent_number(sum.f1 / num_classes, 2));
}

data pair_row(const Evaluation& evaluation, const ConfusedPair& pair) {
  const auto label = static_cast<std::size_t>(pair.label);
  const std::int64_t support = evaluation.per_class.at(label).support;
  data row;
  row.set("label", class_name(evaluation, pair.label));
  row.set("predicted", class_name(evaluation, pair.predicted));
  row.set("anchor", pair_anchor(label, static_cast<std::size_t>(pair.predicted)));
  row.set("count", grouped(pair.count));
  row.set("noun", pair.count == 1 ? "image" : "images");
  row.set("share", percent_number(static_cast<double>(pair.count) /
                                      static_cast<double>(std::max<std::int64_t>(support, 1)),
                                  2));
  return row;
}

data epoch_rows(const History& history) {
  data rows{data::type::list};
  for (const EpochRecord& epoch : history.epochs) {
    data row;
    row.set("epoch", fmt::format("{}", epoch.epoch));
    row.set("best", epoch.epoch == history.best_epoch);
    row.set("loss", fmt::format("{:.4f}", epoch.loss));
    row.set("accuracy", percent_number(epoch.accuracy, 2));
    row.set("val_loss", optional_text(epoch.val_loss, false));
    row.set("val_accuracy", optional_text(epoch.val_accuracy, true));
    row.set("learning_rate", fmt::format("{:.3g}", epoch.learning_rate));
    row.set("seconds", fmt::format("{:.2f}", epoch.elapsed_seconds));
    rows.push_back(row);
  }
  return rows;
}

std::string loss_description(const History& history) {
  return description(history, "Loss", &EpochRecord::loss, &EpochRecord::val_loss);
}

std::string accuracy_description(const History& history) {
  return description(history, "Accuracy", &EpochRecord::accuracy, &EpochRecord::val_accuracy);
}

std::vector<LayerRow> layer_rows(const Network& network) {
  std::vector<LayerRow> rows;
  for (const LayerSummary& layer : network.summary())
    rows.push_back(
        {layer.name, layer.output_shape.to_string(), layer.num_parameters, layer.multiply_adds});
  return rows;
}

void add_layers(data& page, const std::vector<LayerRow>& rows) {
  data layers{data::type::list};
  std::int64_t parameters = 0, multiply_adds = 0;
  for (const LayerRow& layer : rows) {
    data row;
    row.set("name", clean_utf8(layer.name));
    row.set("shape", clean_utf8(layer.output_shape));
    row.set("parameters", grouped(layer.parameters));
    row.set("multiply_adds", grouped(layer.multiply_adds));
    layers.push_back(row);
    parameters += layer.parameters;
    multiply_adds += layer.multiply_adds;
  }
  page.set("has_layers", !rows.empty());
  page.set("layers", layers);
  page.set("total_parameters", grouped(parameters));
  page.set("total_multiply_adds", grouped(multiply_adds));
}

void add_provenance(data& page, const ReportContent& content) {
  add_layers(page, content.layers);

  page.set("has_recipe", !content.recipe.empty());
  page.set("recipe", clean_utf8(content.recipe));
  page.set("has_command", !content.command.empty());
  page.set("command", clean_utf8(content.command));

  data groups{data::type::list};
  const std::pair<const char*, const Facts*> all[] = {
      {"Training", &content.training}, {"Machine", &content.environment}, {"Data", &content.data}};
  for (const auto& [heading, list] : all) {
    if (list->empty()) continue;
    data group;
    group.set("heading", heading);
    group.set("facts", facts(*list));
    groups.push_back(group);
  }
  page.set("has_facts", !groups.list_value().empty());
  page.set("fact_groups", groups);
}

}  // namespace digitry
