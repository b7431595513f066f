#include "apps/digitry/terminal/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "digitry/base/text.h"

namespace digitry::app {
namespace {

constexpr std::chrono::milliseconds kRedrawInterval{100};
constexpr int kBarCells = 24;
constexpr std::string_view kEraseLine = "\r\x1b[K";

// The bar that is on the screen now, so that messages can go above it.
ProgressBar*& shown_bar() {
  static ProgressBar* bar = nullptr;
  return bar;
}

bool is_dumb_terminal() {
  const char* term = std::getenv("TERM");
  return term == nullptr || std::string_view(term).empty() || std::string_view(term) == "dumb";
}

std::string amount(double value, std::string_view unit) {
  if (unit == "bytes") return human_bytes(static_cast<std::uint64_t>(value));
  return grouped(static_cast<std::int64_t>(value));
}

// Number of columns: one per code point, which is correct for all text that is written here.
int columns(std::string_view text) {
  return static_cast<int>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string cut_to_columns(std::string_view text, int width) {
  std::string kept;
  int column = 0;
  for (const char c : text) {
    if ((c & 0xC0) != 0x80 && ++column > width) break;
    kept += c;
  }
  return kept;
}

// Whole seconds, because fractions would flicker.
std::string time_left(double seconds) {
  return seconds < 60 ? fmt::format("{:.0f} s", std::ceil(seconds)) : human_duration(seconds);
}

std::string draw_bar(double fraction) {
  const int filled = static_cast<int>(std::lround(fraction * kBarCells));
  std::string bar = "[";
  for (int i = 0; i < kBarCells; ++i) bar += i < filled ? '#' : '.';
  return bar + "]";
}

}  // namespace

GlobalOptions& global_options() {
  static GlobalOptions options;
  return options;
}

bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }
bool stdout_is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }

bool use_color(int descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  return !is_dumb_terminal() && ::isatty(descriptor) == 1;
}

int terminal_width() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

void write_stderr(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

void inform(std::string_view line) {
  if (global_options().quiet || global_options().silent) return;
  if (shown_bar() != nullptr) shown_bar()->finish();
  write_stderr(fmt::format("{}\n", clean_utf8(line)));
}

void warn(std::string_view line) {
  if (global_options().silent) return;
  if (shown_bar() != nullptr) shown_bar()->finish();
  write_stderr(fmt::format("digitry: warning: {}\n", clean_utf8(line)));
}

std::string render_progress(const ProgressState& state, int width) {
  const bool bounded = state.total > 0;
  const double done = static_cast<double>(state.done);
  const double fraction = bounded ? std::min(1.0, done / static_cast<double>(state.total)) : 0.0;

  // Parts in order of position. The part with the highest rank is left out first.
  struct Part {
    std::string text;
    int rank;
  };
  std::vector<Part> parts;
  parts.push_back({std::string(state.label), 0});
  if (bounded) {
    parts.push_back({draw_bar(fraction), 4});
    parts.push_back({fmt::format("{:3.0f} %", std::floor(100 * fraction)), 0});
    parts.push_back({fmt::format("{}/{}", amount(done, state.unit),
                                 amount(static_cast<double>(state.total), state.unit)),
                     5});
  } else {
    parts.push_back({amount(done, state.unit), 0});
  }
  if (state.elapsed_seconds > 0 && state.done > 0) {
    const double rate = done / state.elapsed_seconds;
    const std::string_view unit = state.unit == "bytes" ? "" : state.unit;
    parts.push_back(
        {fmt::format("{}{}{}/s", amount(rate, state.unit), unit.empty() ? "" : " ", unit), 3});
    if (bounded && state.done <= state.total) {
      const double left = (static_cast<double>(state.total) - done) / rate;
      parts.push_back({fmt::format("{} left", time_left(left)), 1});
    }
  }
  if (!state.note.empty()) parts.push_back({std::string(state.note), 2});

  for (;;) {
    std::string line;
    for (const Part& part : parts) {
      if (!line.empty()) line += "  ";
      line += part.text;
    }
    const auto least = std::max_element(
        parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.rank < b.rank; });
    if (columns(line) <= width || least->rank == 0) return cut_to_columns(line, width);
    parts.erase(least);
  }
}

ProgressBar::ProgressBar(std::string unit)
    : unit_(std::move(unit)),
      enabled_(stderr_is_terminal() && !is_dumb_terminal() && !global_options().quiet &&
               !global_options().silent) {}

ProgressBar::~ProgressBar() { finish(); }

void ProgressBar::update(std::string_view label, std::uint64_t done, std::uint64_t total,
                         std::string_view note) {
  if (!enabled_) return;
  const Clock::time_point now = Clock::now();
  if (label != label_ || done < started_at_) {
    label_ = label;
    started_ = now;
    started_at_ = done;
  } else if (shown_ && now - drawn_ < kRedrawInterval) {
    return;
  }
  // Work done before the first update (a resumed download) must not count for the rate. The elapsed
  // time is scaled so that rate and time left follow from the work done since then.
  const double since = std::chrono::duration<double>(now - started_).count();
  const double fresh = static_cast<double>(done - started_at_);
  const double elapsed = fresh > 0 ? since * static_cast<double>(done) / fresh : 0;
  // One column stays free: some terminals wrap as soon as the last one is written.
  const ProgressState state{label_, done, total, unit_, elapsed, note};
  write_stderr(fmt::format("{}{}", kEraseLine, render_progress(state, terminal_width() - 1)));
  drawn_ = now;
  shown_ = true;
  shown_bar() = this;
}

void ProgressBar::finish() {
  if (shown_) write_stderr(kEraseLine);
  shown_ = false;
  if (shown_bar() == this) shown_bar() = nullptr;
}

std::string human_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  static constexpr std::array kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::size_t unit = 0;
  double value = static_cast<double>(bytes) / 1024;
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string human_duration(double seconds) {
  if (seconds < 9.995) return fmt::format("{:.2f} s", seconds);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

}  // namespace digitry::app
