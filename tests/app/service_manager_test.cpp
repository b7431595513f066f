// `digitry serve` under a service manager: what it sends to $NOTIFY_SOCKET, as systemd would
// receive it.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <string>

#include "digitry/base/file.h"
#include "tests/app/serve_process.h"
#include "tests/support/temporary_folder.h"

namespace digitry::test {
namespace {

class Manager {
 public:
  Manager() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy(path(), address.sun_path);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    EXPECT_EQ(::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
  }
  std::string path() const { return folder_ / "notify"; }
  std::string next() const {
    std::array<char, 100> bytes{};
    const ssize_t count = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    return count < 0 ? "nothing" : std::string(bytes.data(), static_cast<std::size_t>(count));
  }

 private:
  TemporaryFolder folder_;
  Descriptor socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

TEST(ServiceManager, HearsWhenTheServerListensAndWhenItStops) {
  const Manager manager;
  ServeProcess server({"tiny"}, {{"NOTIFY_SOCKET", manager.path()}});
  EXPECT_EQ(manager.next(), "READY=1");
  EXPECT_EQ(server.status("/v2/health/ready"), 200);
  EXPECT_EQ(server.stop().exit_status, 0);
  EXPECT_EQ(manager.next(), "STOPPING=1");
}

TEST(ServiceManager, MayBeGone) {
  ServeProcess server({"tiny"}, {{"NOTIFY_SOCKET", "/no/such/socket"}});
  EXPECT_EQ(server.stop().exit_status, 0);
}

}  // namespace
}  // namespace digitry::test
