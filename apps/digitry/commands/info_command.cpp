#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/digitry/commands/commands.h"
#include "digitry/base/parallel.h"
#include "digitry/base/version.h"
#include "digitry/model_io/model.h"
#include "digitry/nn/cpu_info.h"
#include "digitry/serving/http/server.h"
#include "digitry/training/recipe.h"

namespace digitry::app {
namespace {

void print_text(const BuildInfo& build, const CpuInfo& cpu, const serving::ServingInfo& serving) {
  const auto row = [](std::string_view name, std::string_view value) {
    fmt::print("{:<18}{}\n", name, value);
  };
  row("digitry", version());
  row("compiler", build.compiler);
  row("build type", build.build_type);
  if (!build.sanitizers.empty()) row("sanitizers", build.sanitizers);
  row("processor", cpu.model);
  row("instruction sets", fmt::format("{}", fmt::join(cpu.instruction_sets, " ")));
  row("threads", fmt::format("{} of {} processors", num_threads(), cpu.num_processors));
  row("oneDNN", fmt::format("{} ({})", cpu.onednn_version, cpu.onednn_runtime));
  row("oneDNN kernels", cpu.onednn_isa);
  row("own loops", cpu.loops);
  row("native bf16", cpu.has_bf16 ? "yes" : "no");
  row("models", fmt::format("{}", fmt::join(shipped_model_names(), " ")));
  row("recipes", fmt::format("{}", fmt::join(recipe_names(), " ")));
  row("server",
      fmt::format("Boost {}, OpenSSL {}, simdjson {} ({})", serving.boost_version,
                  serving.openssl_version, serving.simdjson_version, serving.simdjson_kernel));
}

void print_json(const BuildInfo& build, const CpuInfo& cpu, const serving::ServingInfo& serving) {
  const nlohmann::ordered_json json = {
      {"version", version()},
      {"build",
       {{"compiler", build.compiler},
        {"type", build.build_type},
        {"sanitizers", build.sanitizers}}},
      {"cpu",
       {{"model", cpu.model},
        {"instruction_sets", cpu.instruction_sets},
        {"num_processors", cpu.num_processors},
        {"native_bf16", cpu.has_bf16}}},
      {"num_threads", num_threads()},
      {"loops", cpu.loops},
      {"onednn",
       {{"version", cpu.onednn_version}, {"isa", cpu.onednn_isa}, {"runtime", cpu.onednn_runtime}}},
      {"models", shipped_model_names()},
      {"recipes", recipe_names()},
      {"server",
       {{"boost", serving.boost_version},
        {"openssl", serving.openssl_version},
        {"simdjson", serving.simdjson_version},
        {"simdjson_kernel", serving.simdjson_kernel}}},
  };
  fmt::print("{}\n", json.dump(2));
}

}  // namespace

void add_info_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "info",
      "Show the version, the processor, the kernels in use, the shipped models and recipes");
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "Print JSON");
  command->footer(
      "Examples:\n"
      "  digitry info\n"
      "  digitry info --json | jq .onednn.isa\n"
      "  ONEDNN_MAX_CPU_ISA=AVX2 digitry info    # kernels for an older processor");
  command->callback([json] {
    if (*json) {
      print_json(build_info(), cpu_info(), serving::serving_info());
    } else {
      print_text(build_info(), cpu_info(), serving::serving_info());
    }
  });
}

}  // namespace digitry::app
