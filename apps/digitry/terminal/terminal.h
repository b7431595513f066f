#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

// What the command shows to a person while it works. Everything here goes to stderr; stdout is for
// results alone.

namespace digitry::app {

/// Options that every subcommand takes.
struct GlobalOptions {
  bool quiet = false;  ///< -q, --quiet: neither progress nor information, only warnings and errors.
};

/// The options of this run, set while the command line is parsed.
GlobalOptions& global_options();

bool stderr_is_terminal();
bool stdout_is_terminal();

/// Whether to write colours to `descriptor` (1 or 2): only to a terminal, and neither where
/// NO_COLOR is set to anything (no-color.org) nor where TERM is "dumb" or missing.
bool use_color(int descriptor);

/// Columns of the terminal behind stderr; 80 where it does not say.
int terminal_width();

/// Writes `text` to stderr as it is. Where that cannot be written nothing more can be said of it:
/// a closed or full stderr is no error.
void write_stderr(std::string_view text);

/// Writes one line for a person to stderr, above the progress bar where one is shown; control
/// characters in it, as names from files may have them, become blanks. Dropped under --quiet.
void inform(std::string_view line);

/// The same as "digitry: warning: LINE"; not dropped under --quiet.
void warn(std::string_view line);

/// How far something has come. Units "bytes" are shown as KiB, MiB...; any other unit as it is.
struct ProgressState {
  std::string_view label{};
  std::uint64_t done = 0;
  std::uint64_t total = 0;  ///< 0 where it is not known.
  std::string_view unit{};
  double elapsed_seconds = 0;
  std::string_view note{};  ///< Shown at the end of the line, e.g. "loss 0.213, accuracy 94.1 %".
};

/// One line of at most `width` columns; parts that do not fit are left out, the least important
/// first.
std::string render_progress(const ProgressState& state, int width);

/// A progress bar: one line on stderr, redrawn at most ten times a second, and nothing at all where
/// stderr is no terminal or under --quiet. At most one at a time is shown.
class ProgressBar {
 public:
  explicit ProgressBar(std::string unit);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Rate and time left count from the first update with this `label`.
  void update(std::string_view label, std::uint64_t done, std::uint64_t total,
              std::string_view note = {});

  /// Takes the line away, so that what is written next starts on a clean one. Idempotent; the next
  /// update shows the bar again.
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
