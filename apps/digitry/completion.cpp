#include "apps/digitry/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace digitry::app {
namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::vector<std::string> choices_in(const std::string& type_name) {
  std::vector<std::string> choices;
  const std::size_t open = type_name.find('{');
  const std::size_t close = type_name.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return choices;
  std::string word;
  for (std::size_t i = open + 1; i <= close; ++i) {
    const char c = type_name[i];
    if (c == ',' || c == '|' || c == '}') {
      if (!word.empty()) choices.push_back(word);
      word.clear();
    } else if (c != ' ') {
      word += c;
    }
  }
  return choices;
}

bool names_a_file(const std::string& type_name) {
  static constexpr std::array kWords = {"FILE",   "PATH", "DIR",    "FOLDER", "MODEL",
                                        "MODELS", "RUN",  "RECIPE", "DATA",   "INPUT"};
  std::string word;
  for (const char c : type_name + " ") {
    if (std::isupper(static_cast<unsigned char>(c)) != 0) {
      word += c;
      continue;
    }
    if (std::find(kWords.begin(), kWords.end(), word) != kWords.end()) return true;
    word.clear();
  }
  return false;
}

CompletionArgument read_option(const CLI::Option& option) {
  CompletionArgument argument;
  for (const std::string& name : option.get_snames()) argument.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) argument.names.push_back("--" + name);
  argument.help = first_line(option.get_description());
  argument.takes_value = option.get_items_expected_max() > 0;
  const std::string type_name = option.get_type_name();
  argument.choices = choices_in(type_name);
  argument.takes_file = names_a_file(type_name);
  return argument;
}

CompletionCommand read_command(CLI::App& app, const std::string& parent_path,
                               const std::vector<CompletionArgument>& inherited) {
  CompletionCommand command;
  command.name = app.get_name();
  command.path = parent_path.empty() ? command.name : parent_path + " " + command.name;
  command.help = first_line(app.get_description());
  for (const CLI::Option* option : app.get_options()) {
    const CompletionArgument argument = read_option(*option);
    (option->get_positional() && argument.names.empty() ? command.positionals : command.options)
        .push_back(argument);
  }
  for (const CompletionArgument& argument : inherited) {
    const bool known =
        std::any_of(command.options.begin(), command.options.end(),
                    [&](const CompletionArgument& own) { return own.names == argument.names; });
    if (!known) command.options.push_back(argument);
  }
  for (CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    command.subcommands.push_back(read_command(*sub, command.path, command.options));
  return command;
}

}  // namespace

CompletionCommand completion_tree(CLI::App& app) { return read_command(app, "", {}); }

}  // namespace digitry::app
