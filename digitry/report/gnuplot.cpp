#include "digitry/report/gnuplot.h"

#include <future>

#include "digitry/base/error.h"
#include "digitry/report/subprocess.h"
#include "digitry/report/text.h"

namespace digitry {
namespace {

constexpr std::chrono::seconds kTimeout{30};

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

/// What gnuplot's SVG lacks: a family to fall back to, and sharp pixels.
void improve_svg(std::string& svg) {
  replace_all(svg, "font-family=\"Helvetica\"",
              "font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\"");
  replace_all(svg, "<image ", "<image style='image-rendering:pixelated' ");
}

std::string draw_one(const FigureJob& job) {
  const std::string script =
      terminal(job) + "set encoding utf8\nset output\n" + job.figure.commands + "\nunset output\n";
  ProgramResult result;
  try {
    result = run_program({"gnuplot", "--default-settings", "-"}, script, kTimeout);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnavailable) throw;
    throw Error(ErrorCode::kUnavailable,
                "{}; it draws the report's figures (Debian, Ubuntu: apt-get install gnuplot-nox)",
                error.what());
  }
  if (result.exit_status != 0 || result.output.empty()) {
    throw Error(ErrorCode::kUnavailable, "gnuplot failed with status {}: {}", result.exit_status,
                elided(clean_utf8(result.errors), 500));
  }
  if (job.format == FigureFormat::kSvg) improve_svg(result.output);
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
  std::string quoted = "'";
  for (const char c : clean_utf8(text)) {
    if (c == '\'') quoted += '\'';
    quoted += c == '\n' || c == '\t' ? ' ' : c;
  }
  return quoted + "'";
}

}  // namespace digitry
