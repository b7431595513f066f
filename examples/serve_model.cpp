// Answers requests over HTTP with a model, in a program of one's own. Speaks the Open Inference
// Protocol, version 2. Stops on Ctrl-C and SIGTERM, after the answers under way.
//
//   serve_model MODEL [PORT]    (port 0: any that is free)
//   curl http://127.0.0.1:8080/v2/models/digits

#include <pthread.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>

#include "digitry/digitry.h"
#include "digitry/serving/http/server.h"

using namespace digitry;

int main(int argc, char** argv) try {
  if (argc < 2 || argc > 3) {
    std::cerr << "usage: serve_model MODEL [PORT]\n";
    return 2;
  }
  // All threads that are started from now on leave these two signals to sigwait below: a signal
  // handler must not run on a thread that computes (docs/platforms.md).
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGINT);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);

  serving::Metrics metrics;
  serving::ModelRepository models({{.name = "digits", .path = argv[1], .shipped = ""}},
                                  serving::QueueOptions{}, metrics);
  serving::Service service({}, models, metrics);
  const long port = argc > 2 ? std::strtol(argv[2], nullptr, 10) : 8080;
  serving::Server server({.port = static_cast<int>(port)}, service);
  std::cout << server.url() << '\n' << std::flush;  // At once, for programs that wait for it.

  int signal = 0;
  sigwait(&stop_signals, &signal);
  std::cout << "stopping\n";
  server.drain(std::chrono::seconds(10));
  return 0;
} catch (const Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
