#include "apps/digitry/terminal/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "digitry/base/text.h"

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

namespace {

std::vector<const CompletionCommand*> flatten(const CompletionCommand& root) {
  std::vector<const CompletionCommand*> all = {&root};
  for (const CompletionCommand& sub : root.subcommands) {
    const std::vector<const CompletionCommand*> below = flatten(sub);
    all.insert(all.end(), below.begin(), below.end());
  }
  return all;
}

// Quotes text with single quotes: for a POSIX shell, and for fish, in which a backslash escapes
// too.
std::string shell_quoted(std::string_view text) {
  return "'" + replace_all(std::string(text), "'", "'\\''") + "'";
}

std::string fish_quoted(std::string_view text) {
  return "'" + replace_all(replace_all(std::string(text), "\\", "\\\\"), "'", "\\'") + "'";
}

std::string option_words(const CompletionCommand& command) {
  std::string words;
  for (const CompletionArgument& option : command.options)
    for (const std::string& name : option.names) words += name + " ";
  return words;
}

std::string subcommand_words(const CompletionCommand& command) {
  std::string words;
  for (const CompletionCommand& sub : command.subcommands) words += sub.name + " ";
  return words;
}

// The choices and files of an argument, as bash statements in a case of the table.
std::string bash_value(const CompletionArgument& argument) {
  return fmt::format("words={} files={}",
                     shell_quoted(fmt::format("{}", fmt::join(argument.choices, " "))),
                     argument.takes_file ? 1 : 0);
}

std::string zsh_action(const CompletionArgument& argument) {
  const std::string words = fmt::format("{}", fmt::join(argument.choices, " "));
  if (!argument.choices.empty() && argument.takes_file)
    return fmt::format("{{ compadd -- {}; _files }}", words);
  if (!argument.choices.empty()) return fmt::format("({})", words);
  return argument.takes_file ? "_files" : " ";
}

std::string zsh_escaped(std::string_view text) {
  std::string escaped = replace_all(std::string(text), "\\", "\\\\");
  for (const char* special : {"[", "]", ":"})
    escaped = replace_all(escaped, special, std::string("\\") + special);
  return escaped;
}

void append_zsh_options(std::string& out, const CompletionCommand& command) {
  for (const CompletionArgument& option : command.options) {
    for (const std::string& name : option.names) {
      const bool joined = option.takes_value && name.starts_with("--");
      const std::string value = option.takes_value ? ": :" + zsh_action(option) : std::string();
      out +=
          fmt::format(" \\\n    {}", shell_quoted(fmt::format("{}{}[{}]{}", name, joined ? "=" : "",
                                                              zsh_escaped(option.help), value)));
    }
  }
}

std::string zsh_function_name(const CompletionCommand& command) {
  return "_" + replace_all(command.path, " ", "_");
}

}  // namespace

std::string bash_completion(const CompletionCommand& root) {
  const std::vector<const CompletionCommand*> commands = flatten(root);
  std::string known;
  std::string values;
  std::string tables;
  for (const CompletionCommand* command : commands) {
    if (command != &root) known += (known.empty() ? "" : "|") + shell_quoted(command->path);
    for (const CompletionArgument& option : command->options) {
      if (!option.takes_value) continue;
      for (const std::string& name : option.names)
        values += fmt::format("    {}) takes_value=1 {} ;;\n",
                              shell_quoted(command->path + " " + name), bash_value(option));
    }
    CompletionArgument any_positional;
    for (const CompletionArgument& positional : command->positionals) {
      any_positional.choices.insert(any_positional.choices.end(), positional.choices.begin(),
                                    positional.choices.end());
      any_positional.takes_file |= positional.takes_file;
    }
    any_positional.choices.push_back(subcommand_words(*command));
    tables += fmt::format("      {}) options={} {} ;;\n", shell_quoted(command->path),
                          shell_quoted(option_words(*command)), bash_value(any_positional));
  }
  return fmt::format(R"(# bash completion of digitry: source <(digitry completion bash)
_digitry() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}
  local command=digitry options= words= files=0 takes_value=0 i
  # "--option=value" arrives as three words.
  if [[ $current == "=" ]]; then
    current=
  elif [[ $previous == "=" ]]; then
    previous=${{COMP_WORDS[COMP_CWORD-2]}}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command ${{COMP_WORDS[i]}}" in
      {}) command+=" ${{COMP_WORDS[i]}}" ;;
    esac
  done
  case "$command $previous" in
{}  esac
  if ((!takes_value)); then
    case "$command" in
{}    esac
    [[ $current == -* ]] && words=$options files=0
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  if ((files)); then
    compopt -o filenames 2>/dev/null
    local paths
    mapfile -t paths < <(compgen -f -- "$current")
    COMPREPLY+=("${{paths[@]}}")
  fi
}}
complete -F _digitry digitry
)",
                     known, values, tables);
}

std::string zsh_completion(const CompletionCommand& root) {
  std::string out =
      "#compdef digitry\n"
      "# zsh completion of digitry: digitry completion zsh > \"${fpath[1]}/_digitry\"\n";
  for (const CompletionCommand* command : flatten(root)) {
    out += fmt::format("\n{}() {{\n", zsh_function_name(*command));
    if (command->subcommands.empty()) {
      out += "  _arguments";
      append_zsh_options(out, *command);
      for (std::size_t i = 0; i < command->positionals.size(); ++i) {
        const bool last = i + 1 == command->positionals.size();
        out += fmt::format(" \\\n    {}",
                           shell_quoted(fmt::format("{}: :{}", last ? "*" : "",
                                                    zsh_action(command->positionals[i]))));
      }
      out += "\n}\n";
      continue;
    }
    out += "  local line state\n  _arguments -C";
    append_zsh_options(out, *command);
    out +=
        " \\\n    '1: :->command' \\\n    '*:: :->rest'\n  case $state in\n    command)\n"
        "      local -a commands=(\n";
    for (const CompletionCommand& sub : command->subcommands)
      out += fmt::format("        {}\n", shell_quoted(sub.name + ":" + zsh_escaped(sub.help)));
    out +=
        "      )\n      _describe command commands\n      ;;\n    rest)\n"
        "      case $line[1] in\n";
    for (const CompletionCommand& sub : command->subcommands)
      out += fmt::format("        {}) {} ;;\n", sub.name, zsh_function_name(sub));
    out += "      esac\n      ;;\n  esac\n}\n";
  }
  // Works both from $fpath, where this file is the body of the function, and when sourced.
  out +=
      "\nif [[ $funcstack[1] == _digitry ]]; then\n  _digitry \"$@\"\nelse\n"
      "  compdef _digitry digitry\nfi\n";
  return out;
}

std::string fish_completion(const CompletionCommand& root) {
  const std::vector<const CompletionCommand*> commands = flatten(root);
  std::string known;
  for (const CompletionCommand* command : commands)
    if (command != &root) known += " " + fish_quoted(command->path);

  std::string out = fmt::format(R"(# fish completion of digitry: digitry completion fish | source
function __digitry_in
  set -l command digitry
  for word in (commandline -opc)[2..]
    if contains -- "$command $word"{}
      set command "$command $word"
    end
  end
  test "$command" = "$argv[1]"
end
complete -c digitry -f
)",
                                known);
  for (const CompletionCommand* command : commands) {
    const std::string line =
        fmt::format("complete -c digitry -n {}",
                    fish_quoted(fmt::format("__digitry_in {}", fish_quoted(command->path))));
    for (const CompletionCommand& sub : command->subcommands)
      out += fmt::format("{} -a {} -d {}\n", line, fish_quoted(sub.name), fish_quoted(sub.help));
    for (const CompletionArgument& positional : command->positionals) {
      if (!positional.choices.empty())
        out += fmt::format("{} -a {}\n", line,
                           fish_quoted(fmt::format("{}", fmt::join(positional.choices, " "))));
      if (positional.takes_file) out += line + " -F\n";
    }
    for (const CompletionArgument& option : command->options) {
      out += line;
      for (const std::string& name : option.names)
        out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (option.takes_value) out += option.takes_file ? " -r -F" : " -x";
      if (!option.choices.empty())
        out += " -a " + fish_quoted(fmt::format("{}", fmt::join(option.choices, " ")));
      out += " -d " + fish_quoted(option.help) + "\n";
    }
  }
  return out;
}

}  // namespace digitry::app
