#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <functional>
#include <memory>

// Internal to serving: what a connection's bytes travel over. Everything of one connection runs on
// its socket's strand.

namespace digitry::serving {

using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Strand>;

class Transport {
 public:
  using Done = std::function<void(const boost::system::error_code&)>;
  using Moved = std::function<void(const boost::system::error_code&, std::size_t)>;
  using Parts = std::array<boost::asio::const_buffer, 2>;

  virtual ~Transport() = default;

  /// TLS's handshake, where there is one.
  virtual void open(Done done) = 0;
  virtual void read_some(boost::asio::mutable_buffer to, Moved done) = 0;
  /// All of both; what they point to has to live until `done`.
  virtual void write(const Parts& parts, Moved done) = 0;
  /// Tells the other side that nothing more comes.
  virtual void finish(Done done) = 0;
  virtual Socket& socket() = 0;
};

std::unique_ptr<Transport> make_plain_transport(Socket socket);
/// TLS over the socket. `context` has to outlive it.
std::unique_ptr<Transport> make_tls_transport(Socket socket, boost::asio::ssl::context& context);

}  // namespace digitry::serving
