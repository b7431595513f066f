#include "digitry/base/scratch_folder.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include "digitry/base/error.h"

namespace digitry {

ScratchFolder::ScratchFolder(const std::filesystem::path& prefix) {
  std::string name = prefix.string() + "XXXXXX";
  if (::mkdtemp(name.data()) == nullptr)
    throw Error(ErrorCode::kIo, "cannot create folder {}: {}", name, std::strerror(errno));
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;  // what is left is found by its name
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace digitry
