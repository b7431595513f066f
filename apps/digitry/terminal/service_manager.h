#pragma once

#include <string_view>

namespace digitry::app {

/// Tells the service manager that started this process about its state ("READY=1", "STOPPING=1"),
/// by the protocol of sd_notify(3). Does nothing if there is none ($NOTIFY_SOCKET is not set) or if
/// it does not answer.
void notify_service_manager(std::string_view state);

}  // namespace digitry::app
