#pragma once

#include <map>
#include <string>

#include "digitry/serving/page.h"

namespace digitry::app {

/// The web page of `web/`, part of the program.
std::map<std::string, serving::PageFile> web_files();

}  // namespace digitry::app
