#include "digitry/report/gnuplot.h"

#include <fmt/format.h>

#include <cctype>
#include <future>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/subprocess.h"
#include "digitry/base/text.h"

namespace digitry {
namespace {

constexpr double kTimeoutSeconds = 30;

std::string terminal(const FigureJob& job) {
  const int width = job.figure.width, height = job.figure.height;
  if (job.format == FigureFormat::kPng) {
    return fmt::format(
        "set terminal pngcairo size {},{} noenhanced font 'Helvetica,13' fontscale 1.5 linewidth 2 "
        "pointscale 2.8 dashlength 2\n",
        2 * width, 2 * height);
  }
  return fmt::format("set terminal svg size {},{} noenhanced font 'Helvetica,13' {}\n", width,
                     height, job.format == FigureFormat::kSvg ? "background 'white'" : "");
}

/// Removes every part that starts with `from` and ends with the next `to`.
void drop_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos;) {
    const std::size_t end = text.find(to, at + from.size());
    if (end == std::string::npos) return;
    text.erase(at, end + to.size() - at);
  }
}

/// Makes pixels sharp, adds fallback fonts and removes the tooltips that quote the script.
void improve_svg(std::string& svg) {
  drop_all(svg, "<title>", "</title>");
  drop_all(svg, "<desc>", "</desc>");
  svg = replace_all(std::move(svg), "font-family=\"Helvetica\"",
                    "font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\"");
  svg = replace_all(std::move(svg), "<image ", "<image style='image-rendering:pixelated' ");
}

std::string draw_one(const FigureJob& job) {
  const std::string script =
      terminal(job) + "set encoding utf8\nset output\n" + job.figure.commands + "\nunset output\n";
  ProgramResult result;
  try {
    result = run_program({"gnuplot", "--default-settings", "-"},
                         {.input = script, .timeout_s = kTimeoutSeconds});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnavailable) throw;
    throw Error(
        ErrorCode::kUnavailable,
        "{}; gnuplot draws the report's figures (Debian, Ubuntu: apt-get install gnuplot-nox)",
        error.what());
  }
  if (result.exit_status != 0 || result.output.empty()) {
    throw Error(ErrorCode::kUnavailable, "gnuplot: exit status {}: {}", result.exit_status,
                elided(clean_utf8(result.errors), 500));
  }
  if (job.format != FigureFormat::kPng) improve_svg(result.output);
  return std::move(result.output);
}

}  // namespace

std::vector<std::string> draw(const std::vector<FigureJob>& jobs) {
  std::vector<std::future<std::string>> running;
  for (const FigureJob& job : jobs) {
    running.push_back(std::async(std::launch::async, draw_one, std::cref(job)));
  }
  std::vector<std::string> results;
  for (auto& result : running) results.push_back(result.get());
  return results;
}

std::string gnuplot_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : clean_utf8(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n' || c == '\t') {
      quoted += ' ';
    } else if (byte >= 0x80 || c == ' ' || std::isalnum(byte) != 0) {
      quoted += c;
    } else {
      // Four digits: gnuplot reads up to three after a leading zero, and would else take one of the
      // text.
      quoted += fmt::format("\\{:04o}", byte);
    }
  }
  return quoted + "\"";
}

}  // namespace digitry
