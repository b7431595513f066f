#pragma once

#include <string>

namespace digitry {

/// The name of this machine.
std::string this_host();

/// The identity of this process: "host pid start machine". Process ids are reused, so the time of
/// the start is part of it; so is what tells machines and containers of one name apart: the boot
/// and the namespace of process ids.
std::string this_worker();

/// The name of a worker's machine.
std::string host_of(const std::string& worker);

/// Whether a worker of this machine no longer exists. False for those of other machines: nothing is
/// known of them here.
bool is_gone(const std::string& worker);

}  // namespace digitry
