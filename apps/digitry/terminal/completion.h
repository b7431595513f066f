#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace digitry::app {

/// What a shell has to know of one option or positional argument.
struct CompletionArgument {
  std::vector<std::string> names;  ///< "--recipe", "-q"; empty for a positional argument.
  std::string help;                ///< First line.
  bool takes_value = false;
  std::vector<std::string> choices;
  bool takes_file = false;
};

/// One command of the tree, itself completed by its subcommands.
struct CompletionCommand {
  std::string path;  ///< "digitry data fetch"
  std::string name;  ///< "fetch"
  std::string help;
  std::vector<CompletionArgument> options;      ///< Its own and those of the commands above it.
  std::vector<CompletionArgument> positionals;  ///< In order.
  std::vector<CompletionCommand> subcommands;
};

/// Reads the tree of commands. What an argument takes is told by its type name, as --help shows it:
/// words in braces, "{bash,zsh,fish}", are choices, and any of FILE, PATH, DIR, MODEL, RUN, RECIPE,
/// DATA and INPUT stands for files.
CompletionCommand completion_tree(CLI::App& app);

std::string bash_completion(const CompletionCommand& root);
std::string zsh_completion(const CompletionCommand& root);
std::string fish_completion(const CompletionCommand& root);

}  // namespace digitry::app
