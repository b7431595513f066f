#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace digitry::app {

/// Completion data of one option or positional argument.
struct CompletionArgument {
  std::vector<std::string> names;  ///< "--recipe", "-q"; empty for a positional argument.
  std::string help;                ///< First line of the help text.
  bool takes_value = false;
  std::vector<std::string> choices;
  bool takes_file = false;
};

/// One command of the tree, with its subcommands.
struct CompletionCommand {
  std::string path;  ///< "digitry data fetch"
  std::string name;  ///< "fetch"
  std::string help;
  std::vector<CompletionArgument> options;      ///< Its own and those of the commands above it.
  std::vector<CompletionArgument> positionals;  ///< In order.
  std::vector<CompletionCommand> subcommands;
};

/// Reads the tree of commands. The completion of an argument follows from its type name, which
/// --help shows: words in braces, "{bash,zsh,fish}", are choices; FILE, PATH, DIR, FOLDER, MODEL,
/// MODELS, RUN, RECIPE, DATA and INPUT mean file names.
CompletionCommand completion_tree(CLI::App& app);

/// The completion script for one shell.
std::string bash_completion(const CompletionCommand& root);
std::string zsh_completion(const CompletionCommand& root);
std::string fish_completion(const CompletionCommand& root);

}  // namespace digitry::app
