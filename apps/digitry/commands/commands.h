#pragma once

#include <CLI/CLI.hpp>

// One function per subcommand, each in its own file. It adds the subcommand's options and help to
// `app` and sets a callback that does the work; the callback throws digitry::Error, which `main`
// turns into a message and an exit status.

namespace digitry::app {

void add_data_command(CLI::App& app);
void add_train_command(CLI::App& app);
void add_tune_command(CLI::App& app);
void add_evaluate_command(CLI::App& app);
void add_compare_command(CLI::App& app);
void add_ensemble_command(CLI::App& app);
void add_export_command(CLI::App& app);
void add_import_command(CLI::App& app);
void add_explain_command(CLI::App& app);
void add_predict_command(CLI::App& app);
void add_report_command(CLI::App& app);
void add_serve_command(CLI::App& app);
void add_info_command(CLI::App& app);
void add_completion_command(CLI::App& app);
void add_man_command(CLI::App& app);

}  // namespace digitry::app
