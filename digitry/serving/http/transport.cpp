#include "digitry/serving/http/transport.h"

#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace digitry::serving {
namespace {

class PlainTransport : public Transport {
 public:
  explicit PlainTransport(Socket socket) : socket_(std::move(socket)) {}

  void open(Done done) override { done({}); }
  void read_some(boost::asio::mutable_buffer to, Moved done) override {
    socket_.async_read_some(to, std::move(done));
  }
  void write(const Parts& parts, Moved done) override {
    boost::asio::async_write(socket_, parts, std::move(done));
  }
  void finish(Done done) override {
    boost::system::error_code error;
    socket_.shutdown(Socket::shutdown_send, error);
    done(error);
  }
  Socket& socket() override { return socket_; }

 private:
  Socket socket_;
};

class TlsTransport : public Transport {
 public:
  TlsTransport(Socket socket, boost::asio::ssl::context& context)
      : stream_(std::move(socket), context) {}

  void open(Done done) override {
    stream_.async_handshake(boost::asio::ssl::stream_base::server, std::move(done));
  }
  void read_some(boost::asio::mutable_buffer to, Moved done) override {
    stream_.async_read_some(to, std::move(done));
  }
  void write(const Parts& parts, Moved done) override {
    boost::asio::async_write(stream_, parts, std::move(done));
  }
  void finish(Done done) override { stream_.async_shutdown(std::move(done)); }
  Socket& socket() override { return stream_.next_layer(); }

 private:
  boost::asio::ssl::stream<Socket> stream_;
};

}  // namespace

std::unique_ptr<Transport> make_plain_transport(Socket socket) {
  return std::make_unique<PlainTransport>(std::move(socket));
}

std::unique_ptr<Transport> make_tls_transport(Socket socket, boost::asio::ssl::context& context) {
  return std::make_unique<TlsTransport>(std::move(socket), context);
}

}  // namespace digitry::serving
