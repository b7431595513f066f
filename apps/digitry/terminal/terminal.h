#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

// Messages and progress of the command. Everything here goes to stderr; stdout is for results only.

namespace digitry::app {

/// Options that every subcommand has.
struct GlobalOptions {
  bool quiet = false;  ///< -q, --quiet: neither progress nor information, only warnings and errors.
  bool silent = false;  ///< Nothing at all: a rank of mpirun other than the first.
};

/// The options of this run, set while the command line is parsed.
GlobalOptions& global_options();

bool stderr_is_terminal();
bool stdout_is_terminal();

/// Whether to write colours to `descriptor` (1 or 2): only to a terminal, and not if NO_COLOR is
/// set (no-color.org) or TERM is "dumb" or missing.
bool use_color(int descriptor);

/// Columns of the terminal behind stderr; 80 if unknown.
int terminal_width();

/// Writes `text` to stderr unchanged. A closed or full stderr is not an error, because it could not
/// be reported.
void write_stderr(std::string_view text);

/// Writes one line to stderr, above the progress bar if one is shown. Control characters, which
/// names from files may contain, become spaces. Writes nothing with --quiet.
void inform(std::string_view line);

/// Writes "digitry: warning: LINE" in the same way, but also with --quiet.
void warn(std::string_view line);

/// The state of some work. Units "bytes" are shown as KiB, MiB...; any other unit as it is.
struct ProgressState {
  std::string_view label{};
  std::uint64_t done = 0;
  std::uint64_t total = 0;  ///< 0 if not known.
  std::string_view unit{};
  double elapsed_seconds = 0;
  std::string_view note{};  ///< Shown at the end of the line, e.g. "loss 0.213, accuracy 94.1 %".
};

/// One line of at most `width` columns; parts that do not fit are left out, the least important
/// first.
std::string render_progress(const ProgressState& state, int width);

/// A progress bar: one line on stderr, redrawn at most ten times per second. Shows nothing if
/// stderr is not a terminal, or with --quiet. At most one bar is shown at a time.
class ProgressBar {
 public:
  explicit ProgressBar(std::string unit);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Rate and time left count from the first update with this `label`.
  void update(std::string_view label, std::uint64_t done, std::uint64_t total,
              std::string_view note = {});

  /// Erases the line, so that the next output starts on an empty line. Idempotent; the next update
  /// shows the bar again.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;

  std::string unit_;
  std::string label_;
  Clock::time_point started_;
  std::uint64_t started_at_ = 0;
  Clock::time_point drawn_;
  bool enabled_ = false;
  bool shown_ = false;
};

/// "0 B", "812 B", "9.5 MiB".
std::string human_bytes(std::uint64_t bytes);

/// "0.42 s", "12.3 s", "3 min 05 s", "2 h 07 min".
std::string human_duration(double seconds);

}  // namespace digitry::app
