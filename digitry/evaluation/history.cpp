#include "digitry/evaluation/history.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <string_view>

#include "digitry/base/error.h"

namespace digitry {
namespace {

enum Column { kEpoch, kAccuracy, kLoss, kValAccuracy, kValLoss, kRate, kSpeed, kElapsed, kColumns };

constexpr std::array<std::string_view, kColumns> kNames = {
    "epoch",         "accuracy",          "loss",           "val_accuracy", "val_loss",
    "learning_rate", "images_per_second", "elapsed_seconds"};

std::string optional_cell(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : "NA";
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

struct Line {
  const std::string& source;
  std::size_t number;
};

template <typename T>
T parse(std::string_view cell, Column column, const Line& line) {
  T value{};
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size()) {
    throw Error(ErrorCode::kBadData, "{}: line {}: {}: expected a number, got \"{}\"", line.source,
                line.number, kNames[column], cell.substr(0, 40));
  }
  return value;
}

std::optional<double> parse_optional(std::string_view cell, Column column, const Line& line) {
  if (cell.empty() || cell == "NA") return std::nullopt;
  return parse<double>(cell, column, line);
}

/// The position of each column in the file; -1 if it is missing.
std::array<int, kColumns> find_columns(const std::vector<std::string_view>& header,
                                       const Line& line) {
  std::array<int, kColumns> places{};
  places.fill(-1);
  for (std::size_t i = 0; i < header.size(); ++i) {
    for (std::size_t column = 0; column < kColumns; ++column) {
      if (header[i] != kNames[column]) continue;
      if (places[column] != -1) {
        throw Error(ErrorCode::kBadData, "{}: line {}: duplicate column {}", line.source,
                    line.number, kNames[column]);
      }
      places[column] = static_cast<int>(i);
    }
  }
  for (const Column column : {kEpoch, kAccuracy, kLoss}) {
    if (places[column] == -1) {
      throw Error(ErrorCode::kBadData,
                  "{}: line {}: expected a header with a column {}, got \"{}\"", line.source,
                  line.number, kNames[column], header.empty() ? "" : header.front().substr(0, 40));
    }
  }
  return places;
}

}  // namespace

std::string to_csv(const History& history) {
  std::string text = fmt::format("{}\n", fmt::join(kNames, ","));
  for (const EpochRecord& e : history.epochs) {
    text += fmt::format("{},{},{},{},{},{},{},{}\n", e.epoch, e.accuracy, e.loss,
                        optional_cell(e.val_accuracy), optional_cell(e.val_loss), e.learning_rate,
                        e.images_per_second, e.elapsed_seconds);
  }
  return text;
}

History history_from_csv(const std::string& text, const std::string& source) {
  History history;
  std::vector<std::string_view> header;
  std::array<int, kColumns> places{};
  std::size_t number = 0;
  for (std::string_view row : split(text, '\n')) {
    const Line line{source, ++number};
    if (row.ends_with('\r')) row.remove_suffix(1);
    if (number == 1) {
      header = split(row, ',');
      places = find_columns(header, line);
      continue;
    }
    if (row.empty()) continue;
    const std::vector<std::string_view> cells = split(row, ',');
    if (cells.size() != header.size()) {
      throw Error(ErrorCode::kBadData, "{}: line {}: expected {} columns, got {}", source, number,
                  header.size(), cells.size());
    }
    const auto cell = [&](Column column) {
      const int place = places[column];
      return place < 0 ? std::string_view() : cells[static_cast<std::size_t>(place)];
    };
    EpochRecord e;
    e.epoch = parse<std::int64_t>(cell(kEpoch), kEpoch, line);
    e.accuracy = parse<double>(cell(kAccuracy), kAccuracy, line);
    e.loss = parse<double>(cell(kLoss), kLoss, line);
    e.val_accuracy = parse_optional(cell(kValAccuracy), kValAccuracy, line);
    e.val_loss = parse_optional(cell(kValLoss), kValLoss, line);
    e.learning_rate = parse_optional(cell(kRate), kRate, line).value_or(0);
    e.images_per_second = parse_optional(cell(kSpeed), kSpeed, line).value_or(0);
    e.elapsed_seconds = parse_optional(cell(kElapsed), kElapsed, line).value_or(0);
    if (!history.epochs.empty() && e.epoch <= history.epochs.back().epoch) {
      throw Error(ErrorCode::kBadData, "{}: line {}: expected increasing epochs, got {} after {}",
                  source, number, e.epoch, history.epochs.back().epoch);
    }
    history.epochs.push_back(e);
  }
  return history;
}

}  // namespace digitry
