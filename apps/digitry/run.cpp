#include "apps/digitry/run.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>
#include <string_view>

#include "apps/digitry/commands/commands.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/log.h"
#include "digitry/base/text.h"
#include "digitry/base/version.h"
#include "digitry/base/words.h"
#include "digitry/vision/decode.h"

namespace digitry::app {
namespace {

void print_error(std::string_view message) {
  const bool color = use_color(2);
  write_stderr(fmt::format("{}digitry: error:{} {}\n", color ? "\x1b[1;31m" : "",
                           color ? "\x1b[0m" : "", clean_utf8(message)));
}

int exit_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return kWrongUsage;
    case ErrorCode::kShapeMismatch:
    case ErrorCode::kBadData:
      return kBadInput;
    case ErrorCode::kInterrupted:
      return kInterruptedStatus;
    case ErrorCode::kIo:
    case ErrorCode::kUnavailable:
    case ErrorCode::kDiverged:
      return kFailed;
  }
  return kFailed;
}

// The innermost subcommand on the command line: "digitry data fetch".
CLI::App* innermost(CLI::App* app) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return app;
}

std::string full_name(const CLI::App* app) {
  if (app->get_parent() == nullptr) return "digitry";
  return full_name(app->get_parent()) + " " + app->get_name();
}

std::vector<std::string> subcommand_names(const CLI::App* app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app->get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(sub->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App* app) {
  std::vector<std::string> names;
  for (; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options())
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string explain_unexpected(const CLI::App* app, const std::string& word) {
  const bool is_option = word.size() > 1 && word.front() == '-';
  const std::vector<std::string> subcommands = subcommand_names(app);
  const std::string_view what = is_option              ? "option"
                                : !subcommands.empty() ? "subcommand"
                                                       : "argument";
  const std::string name = is_option ? word.substr(0, word.find('=')) : word;
  const std::string meant = nearest(name, is_option ? option_names(app) : subcommands);
  std::string message = fmt::format("{} has no {} \"{}\"", full_name(app), what, name);
  if (what == "argument")
    message = fmt::format("{}: unexpected argument \"{}\"", full_name(app), name);
  if (!meant.empty()) message += fmt::format("; did you mean \"{}\"?", meant);
  return message;
}

int report_wrong_usage(CLI::App& root, const CLI::ParseError& error) {
  const CLI::App* app = innermost(&root);
  const std::vector<std::string> extra = root.remaining(true);
  const bool unexpected = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  print_error(unexpected && !extra.empty() ? explain_unexpected(app, extra.front())
                                           : std::string(error.what()));
  write_stderr(fmt::format("Try \"{} --help\".\n", full_name(app)));
  return kWrongUsage;
}

int parse_and_run(CLI::App& root, std::vector<std::string> arguments) {
  // CLI11 parses "[a,b]" as a list, but here it can only be a file name.
  for (std::string& argument : arguments)
    if (argument.starts_with('[') && argument.ends_with(']')) argument.insert(0, "./");
  std::reverse(arguments.begin(), arguments.end());  // CLI11 expects the last one first.
  try {
    root.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return report_wrong_usage(root, error);
    root.exit(error);  // --help or --version: prints it.
  }
  // A full disk behind stdout is only detected here. --version flushes by itself and leaves only
  // the error flag.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    throw Error(ErrorCode::kIo, "cannot write to standard output");
  return kDone;
}

}  // namespace

std::unique_ptr<CLI::App> make_command_line() {
  auto root = std::make_unique<CLI::App>(
      "Train, evaluate and use classifiers of handwritten digits.", "digitry");
  root->fallthrough();
  root->require_subcommand(0, 1);
  root->get_formatter()->column_width(28);
  root->set_help_flag("-h,--help", "Print this help");
  root->set_version_flag("--version", fmt::format("digitry {}", version()), "Print the version");
  root->add_flag("-q,--quiet", global_options().quiet,
                 "Show only warnings and errors, no progress");

  add_data_command(*root);
  add_train_command(*root);
  add_tune_command(*root);
  add_evaluate_command(*root);
  add_compare_command(*root);
  add_ensemble_command(*root);
  add_predict_command(*root);
  add_explain_command(*root);
  add_export_command(*root);
  add_import_command(*root);
  add_report_command(*root);
  add_serve_command(*root);
  add_info_command(*root);
  add_completion_command(*root);
  add_man_command(*root);

  root->footer(
      "Examples:\n"
      "  digitry data fetch mnist                   # once\n"
      "  digitry train                              # a run in runs/, with a report\n"
      "  digitry predict runs/mlp-001 images.idx\n"
      "  digitry serve runs/mlp-001                 # over HTTP\n"
      "  digitry info                               # which kernels run on this machine\n"
      "  source <(digitry completion bash)          # completion in this shell\n"
      "\n"
      "\"digitry COMMAND --help\" describes a command. Results go to standard output, messages to\n"
      "standard error. Exit status: 0 done, 1 failed, 2 wrong usage, 3 bad input data,\n"
      "130 interrupted.");
  return root;
}

int guarded(const std::function<void()>& work) try {
  work();
  return kDone;
} catch (const Error& error) {
  print_error(error.what());
  return exit_status(error.code());
} catch (const std::bad_alloc&) {
  print_error("out of memory: close other programs, or use a smaller data set, batch or network");
  return kFailed;
} catch (const std::exception& error) {
  print_error(std::ferror(stdout) != 0
                  ? fmt::format("cannot write to standard output ({})", error.what())
                  : error.what());
  return kFailed;
}

int run(std::vector<std::string> arguments) {
  use_picture_decoder();
  set_log_sink([](LogLevel level, std::string_view message) {
    level == LogLevel::kWarning ? warn(message) : inform(message);
  });
  int status = kDone;
  const int guarded_status = guarded([&] {
    const std::unique_ptr<CLI::App> root = make_command_line();
    if (arguments.empty()) {
      write_stderr(root->help());
      status = kWrongUsage;
      return;
    }
    status = parse_and_run(*root, std::move(arguments));
  });
  return guarded_status == kDone ? status : guarded_status;
}

}  // namespace digitry::app
