#include <fmt/format.h>

#include <memory>
#include <string>

#include "apps/digitry/commands/commands.h"
#include "apps/digitry/terminal/completion.h"

namespace digitry::app {

void add_completion_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("completion", "Print a completion script for a shell");
  const auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "The shell to complete in")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(
      "Examples:\n"
      "  source <(digitry completion bash)                       # this shell only\n"
      "  digitry completion bash > ~/.local/share/bash-completion/completions/digitry\n"
      "  digitry completion zsh > \"${fpath[1]}/_digitry\"\n"
      "  digitry completion fish > ~/.config/fish/completions/digitry.fish");
  command->callback([shell, &app] {
    const CompletionCommand tree = completion_tree(app);
    fmt::print("{}", *shell == "bash"  ? bash_completion(tree)
                     : *shell == "zsh" ? zsh_completion(tree)
                                       : fish_completion(tree));
  });
}

}  // namespace digitry::app
