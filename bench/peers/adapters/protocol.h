#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// What every C++ peer does alike; protocol.py says what a peer is. Here it is a class with
//   Peer(const Attributes&, int batch_size), train_epoch(), accuracy(), classify_one(index).

namespace peers {

struct Split {
  int num_images = 0;
  std::vector<unsigned char> pixels;  ///< num_images × 784.
  std::vector<unsigned char> labels;
};

struct Attributes {
  std::string case_name;
  std::string mode;
  std::string variant;
  std::vector<int> batch_sizes;
  int epochs = 1;
  double target = 1;
  int latency_calls = 1000;
  int threads = 1;
  unsigned seed = 0;
  std::string data;
  std::string recipes;  ///< Folder of Digitry's.
  Split train, test;
};

inline std::vector<unsigned char> bytes_after(const std::string& path, std::size_t header) {
  std::ifstream file(path, std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(file), {}};
  if (all.size() < header) throw std::runtime_error("cannot read " + path);
  return {all.begin() + static_cast<std::ptrdiff_t>(header), all.end()};
}

inline Split load_split(const std::string& folder, const std::string& prefix) {
  Split split;
  split.pixels = bytes_after(folder + "/" + prefix + "-images-idx3-ubyte", 16);
  split.labels = bytes_after(folder + "/" + prefix + "-labels-idx1-ubyte", 8);
  split.num_images = static_cast<int>(split.labels.size());
  return split;
}

inline Attributes parse_options(int argc, char** argv) {
  std::map<std::string, std::string> given;
  for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = argv[i + 1];
  Attributes options;
  options.case_name = given.at("--case");
  options.mode = given.at("--mode");
  options.variant = given["--variant"];
  options.data = given.at("--data");
  options.recipes = given["--recipes"];
  options.epochs = std::stoi(given.at("--epochs"));
  options.threads = std::stoi(given.at("--threads"));
  if (given.count("--target")) options.target = std::stod(given["--target"]);
  if (given.count("--latency-calls")) options.latency_calls = std::stoi(given["--latency-calls"]);
  if (given.count("--seed")) options.seed = static_cast<unsigned>(std::stoul(given["--seed"]));
  std::istringstream sizes(given.at("--batch-sizes"));
  for (std::string size; std::getline(sizes, size, ',');)
    options.batch_sizes.push_back(std::stoi(size));
  options.train = load_split(options.data, "train");
  options.test = load_split(options.data, "t10k");
  return options;
}

template <class Function>
double seconds_of(Function&& function) {
  const auto start = std::chrono::steady_clock::now();
  function();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline double peak_memory_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmHWM:", 0) == 0) return std::stod(line.substr(6)) / 1024;
  return 0;
}

template <class Peer>
void measure_latency(Peer& peer, const Attributes& options) {
  for (int i = 0; i < 50; ++i) peer.classify_one(i % options.test.num_images);
  std::vector<double> calls;
  for (int i = 0; i < options.latency_calls; ++i)
    calls.push_back(seconds_of([&] { peer.classify_one(i % options.test.num_images); }));
  std::sort(calls.begin(), calls.end());
  std::printf(
      "{\"event\": \"latency\", \"calls\": %zu, \"microseconds\": %.3f, "
      "\"p99_microseconds\": %.3f}\n",
      calls.size(), 1e6 * calls[calls.size() / 2], 1e6 * calls[calls.size() * 99 / 100]);
}

template <class Peer>
void measure_evaluation(Peer& peer, const Attributes& options) {
  double accuracy = peer.accuracy();
  const double seconds = seconds_of([&] { accuracy = peer.accuracy(); });
  std::printf(
      "{\"event\": \"evaluation\", \"images\": %d, \"seconds\": %.6f, \"accuracy\": %.6f}\n",
      options.test.num_images, seconds, accuracy);
}

template <class Peer>
void measure_speed(const Attributes& options) {
  for (const int batch_size : options.batch_sizes) {
    const auto start = std::chrono::steady_clock::now();
    Peer peer(options, batch_size);
    peer.train_epoch();
    const std::chrono::duration<double> first = std::chrono::steady_clock::now() - start;
    std::printf(
        "{\"event\": \"epochs\", \"batch_size\": %d, \"images\": %d, "
        "\"first_seconds\": %.6f, \"seconds\": [",
        batch_size, options.train.num_images, first.count());
    for (int epoch = 0; epoch < options.epochs; ++epoch)
      std::printf("%s%.6f", epoch == 0 ? "" : ", ", seconds_of([&] { peer.train_epoch(); }));
    std::printf("]}\n");
    if (batch_size != options.batch_sizes.back()) continue;
    measure_evaluation(peer, options);
    measure_latency(peer, options);
  }
}

template <class Peer>
void measure_accuracy(const Attributes& options) {
  const auto start = std::chrono::steady_clock::now();
  Peer peer(options, options.batch_sizes.front());
  double training = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (int epoch = 1; epoch <= options.epochs; ++epoch) {
    training += seconds_of([&] { peer.train_epoch(); });
    const double accuracy = peer.accuracy();
    std::printf("{\"event\": \"accuracy\", \"epoch\": %d, \"seconds\": %.6f, \"accuracy\": %.6f}\n",
                epoch, training, accuracy);
    if (accuracy >= options.target) break;
  }
}

/// Measures one peer as `options` say.
template <class Peer>
void measure(const Attributes& options) {
  if (options.mode == "speed")
    measure_speed<Peer>(options);
  else
    measure_accuracy<Peer>(options);
  std::printf("{\"event\": \"end\", \"peak_memory_mb\": %.1f}\n", peak_memory_mb());
}

/// A peer's main: options, the version, `run(options)`, and errors as exit status 1.
template <class Run>
int run_main(int argc, char** argv, std::string_view version, Run&& run) {
  try {
    const Attributes options = parse_options(argc, argv);
    std::printf("{\"event\": \"start\", \"version\": \"%.*s\"}\n", static_cast<int>(version.size()),
                version.data());
    run(options);
    return 0;
  } catch (const std::exception& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

}  // namespace peers
