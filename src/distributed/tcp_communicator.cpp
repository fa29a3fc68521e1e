// Processes that meet as torchrun has them meet, and speak through sockets. All of libnescio_tcp.so: the program loads
// it where the environment says that there are several.
//
// Where they are they tell each other through libtorch's key-value store, which torchrun's agent may keep. The sums
// are ours: the headers of Gloo, which libtorch has inside, are not given out with it.
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <c10/util/Exception.h>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "base/communicator.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/numbers.h"
#include "base/version.h"

namespace nescio {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience{5};        // of whoever is told to stop while it waits
constexpr std::chrono::minutes time_to_meet{5};    // that the slowest machine has to start
constexpr std::chrono::seconds time_to_greet{10};  // that a stranger has to say who it is

using Bytes = std::span<const std::uint8_t>;

std::string reason(int error) { return std::generic_category().message(error); }

class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Addresses addresses_of(const std::string& host, int port, int kind) {
  addrinfo wanted{};
  wanted.ai_socktype = kind;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
  if (error != 0) fail("'", host, "' is no machine that is known here: ", ::gai_strerror(error));
  return {found, ::freeaddrinfo};
}

/// To the first of its addresses that answers; of UDP without a word to anybody.
Socket connect_to(const std::string& host, int port, int kind = SOCK_STREAM) {
  const Addresses addresses = addresses_of(host, port, kind);
  int error = 0;
  for (const addrinfo* a = addresses.get(); a != nullptr; a = a->ai_next) {
    Socket socket(::socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol));
    if (socket.is_open() && ::connect(socket.get(), a->ai_addr, a->ai_addrlen) == 0) return socket;
    error = errno;
  }
  fail("'", host, "', port ", port, ", cannot be reached: ", reason(error));
}

/// Waits for others at any address of this machine; the port is one that is free.
Socket listen_anywhere() {
  int error = 0;
  for (const int family : {AF_INET6, AF_INET}) {
    Socket socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage any{};
    any.ss_family = static_cast<sa_family_t>(family);
    const int no = 0;
    if (family == AF_INET6) {
      ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &no,
                   sizeof no);  // and at those of IPv4
    }
    const socklen_t size = family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    if (socket.is_open() && ::bind(socket.get(), reinterpret_cast<sockaddr*>(&any), size) == 0 &&
        ::listen(socket.get(), SOMAXCONN) == 0) {
      return socket;
    }
    error = errno;
  }
  fail("no port to wait at for the other processes: ", reason(error));
}

/// The end of the socket that is here, in numbers.
std::pair<std::string, int> here(const Socket& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (::getsockname(socket.get(), plain, &size) != 0 ||
      ::getnameinfo(plain, size, host.data(), host.size(), port.data(), port.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    fail("the address of a socket is not known: ", reason(errno));
  }
  return {host.data(), std::atoi(port.data())};
}

bool is_of_one_machine(const std::string& host) {
  return host.starts_with("127.") || host == "::1" || host.starts_with("::ffff:127.");
}

/// What torchrun says to each process.
struct Environment {
  int rank = 0, size = 1, port = 0;
  std::string host;
  bool is_store_there = false;  // the agent keeps it
  std::string keys;             // what ours begin with: the store outlives a restart

  static std::string value_of(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
  }
  static int number_of(const char* name, int least, int most) {
    const std::string value = value_of(name);
    long long number = 0;
    try {
      number = parse_integer(value, name);
    } catch (const Error&) {
      number = least - 1LL;
    }
    if (number < least || number > most) {
      fail(name, ": expected a number from ", least, " to ", most, ", found '", value, "'");
    }
    return static_cast<int>(number);
  }
  static Environment read() {
    Environment e;
    e.size = number_of("WORLD_SIZE", 1, 1 << 20);
    e.rank = number_of("RANK", 0, e.size - 1);
    e.port = number_of("MASTER_PORT", 1, 65535);
    e.host = value_of("MASTER_ADDR");
    e.is_store_there = value_of("TORCHELASTIC_USE_AGENT_STORE") == "True";
    e.keys = text("nescio/", value_of("TORCHELASTIC_RUN_ID"), "/",
                  value_of("TORCHELASTIC_RESTART_COUNT"), "/");
    return e;
  }
};

/// Tries until it succeeds, for as long as the slowest machine may take to start; Ctrl-C ends it.
template <class F>
void wait_until(const F& succeeds) {
  const auto last = Clock::now() + time_to_meet;
  while (!succeeds(Clock::now() > last)) {
    check_interrupt();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

/// Words that all processes of a job can read, by names. Reading waits until somebody has written. libtorch would wait, too,
/// but not for a signal.
class Store {
 public:
  explicit Store(const Environment& environment) : keys_(environment.keys) {
    c10d::TCPStoreOptions options;
    options.port = static_cast<std::uint16_t>(environment.port);
    options.isServer = environment.rank == 0 && !environment.is_store_there;
    options.waitWorkers = false;
    options.timeout = time_to_meet;
    if (!options.isServer) wait_for_its_keeper(environment);
    store_ = c10::make_intrusive<c10d::TCPStore>(environment.host, options);
  }
  void set(const std::string& key, const std::string& value) {
    store_->set(keys_ + key, std::vector<std::uint8_t>(value.begin(), value.end()));
  }
  /// What the process of this rank has written.
  std::string get(const std::string& key, int rank) {
    wait_until([&](bool is_last) {
      const bool is_there = store_->check({keys_ + key});
      if (!is_there && is_last) fail("that of rank ", rank, " has not come");
      return is_there;
    });
    const std::vector<std::uint8_t> value = store_->get(keys_ + key);
    return {value.begin(), value.end()};
  }

 private:
  static void wait_for_its_keeper(const Environment& environment) {
    wait_until([&](bool is_last) {
      try {
        connect_to(environment.host, environment.port);
        return true;
      } catch (const Error&) {
        if (is_last) throw;
        return false;
      }
    });
  }

  std::string keys_;
  c10::intrusive_ptr<c10d::TCPStore> store_;
};

class TcpCommunicator final : public Communicator {
 public:
  explicit TcpCommunicator(const Environment& environment)
      : rank_(environment.rank),
        size_(environment.size),
        others_(static_cast<std::size_t>(environment.size)) {
    try {
      meet(environment);
    } catch (const c10::Error& e) {
      does_not_meet(environment, e.what_without_backtrace());
    } catch (const Error& e) {
      does_not_meet(environment, e.what());
    }
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void sum(std::span<float> values) override { sum_up(values); }
  void sum(std::span<double> values) override { sum_up(values); }
  void wait_for_all() override {
    std::array<float, 1> nothing = {0};
    sum(nothing);
  }

 private:
  /// A word that no stranger knows, and who says it.
  struct Greeting {
    std::array<char, 32> word{};
    std::int32_t rank = 0;
  };

  [[noreturn]] void does_not_meet(const Environment& environment, const char* why) const {
    fail("process ", rank_, " of ", size_,
         " does not meet the others at MASTER_ADDR=", environment.host,
         " MASTER_PORT=", environment.port, ": ", why);
  }

  // Each waits for those of higher rank and goes to those of lower.
  void meet(const Environment& environment) {
    Store store(environment);
    const Socket door = listen_anywhere();
    const auto [own, unused] = here(connect_to(environment.host, environment.port, SOCK_DGRAM));
    // Others would look for it on their own machine.
    const std::string& host = is_of_one_machine(own) ? environment.host : own;
    if (rank_ == 0) {
      store.set("size", std::to_string(size_));
      store.set("word", random_word());
    }
    store.set(std::to_string(rank_), text(here(door).second, " ", host));
    Greeting greeting;
    const std::string word = store.get("word", 0);
    if (const std::string size = store.get("size", 0); size != std::to_string(size_)) {
      fail("WORLD_SIZE is ", size_, " here and ", size, " in the process of rank 0");
    }
    std::copy_n(word.begin(), std::min(word.size(), greeting.word.size()), greeting.word.begin());
    greeting.rank = rank_;
    for (int rank = 0; rank < rank_; ++rank) {
      const std::string place = store.get(std::to_string(rank), rank);
      const std::size_t space = place.find(' ');
      Socket socket = connect_to(place.substr(space + 1), std::atoi(place.c_str()));
      prepare(socket);
      talk(&socket, bytes_of(greeting), nullptr, {}, rank, rank);
      others_[static_cast<std::size_t>(rank)] = std::move(socket);
    }
    const auto last = Clock::now() + time_to_meet;
    for (int missing = size_ - 1 - rank_; missing > 0;) missing -= let_in(door, greeting, last);
    wait_for_all();  // before the first one closes the store
  }

  static std::string random_word() {
    std::random_device random;
    std::string word;
    while (word.size() < 32) word.push_back("0123456789abcdef"[random() % 16]);
    return word;
  }

  /// How many of the others have come by the next connection: one or none.
  int let_in(const Socket& door, const Greeting& expected, Clock::time_point last) {
    pollfd look{door.get(), POLLIN, 0};
    ::poll(&look, 1, 100);
    check_interrupt();
    if (Clock::now() > last) {
      std::vector<std::string> missing;
      for (int rank = rank_ + 1; rank < size_; ++rank) {
        if (!others_[static_cast<std::size_t>(rank)].is_open()) {
          missing.push_back(std::to_string(rank));
        }
      }
      fail("those of rank ", join(missing), " have not come");
    }
    if ((look.revents & POLLIN) == 0) return 0;
    Socket socket(::accept4(door.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket.is_open()) return 0;
    prepare(socket);
    Greeting said;
    try {
      talk(nullptr, {}, &socket, as_bytes_of(said), -1, -1, Clock::now() + time_to_greet);
    } catch (const Error&) {
      return 0;
    }
    const bool known = said.word == expected.word && rank_ < said.rank && said.rank < size_;
    if (!known || others_[static_cast<std::size_t>(said.rank)].is_open()) return 0;
    others_[static_cast<std::size_t>(said.rank)] = std::move(socket);
    return 1;
  }

  static void prepare(const Socket& socket) {
    const int yes = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
    ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
  }

  template <class T>
  static Bytes bytes_of(const T& value) {
    return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
  }
  template <class T>
  static std::span<std::uint8_t> as_bytes_of(T& value) {
    return {reinterpret_cast<std::uint8_t*>(&value), sizeof value};
  }

  // Each adds up one piece of all, in the order of ranks, and all get all pieces: 2 n (k - 1) / k values pass each
  // process, and the sums have the same bits everywhere.
  template <class T>
  void sum_up(std::span<T> values) {
    const auto size = static_cast<std::size_t>(size_), rank = static_cast<std::size_t>(rank_);
    const auto piece = [&](std::size_t r) {
      const std::size_t first = values.size() * r / size;
      return values.subspan(first, values.size() * (r + 1) / size - first);
    };
    const std::span<T> own = piece(rank);
    std::vector<T> received(own.size() * size);  // what each of them has for this one's piece
    const auto of = [&](std::size_t r) {
      return std::span(received).subspan(r * own.size(), own.size());
    };
    std::ranges::copy(own, of(rank).begin());
    around([&](std::size_t to) { return Bytes(raw(piece(to))); },
           [&](std::size_t from) { return raw(of(from)); });
    std::ranges::fill(own, T{0});
    for (std::size_t r = 0; r < size; ++r) {
      for (std::size_t i = 0; i < own.size(); ++i) own[i] += of(r)[i];
    }
    around([&](std::size_t) { return Bytes(raw(own)); },
           [&](std::size_t from) { return raw(piece(from)); });
  }

  template <class T>
  static std::span<std::uint8_t> raw(std::span<T> values) {
    return {reinterpret_cast<std::uint8_t*>(values.data()), values.size_bytes()};
  }

  /// Sends sent(r) to each other process r, and receives received(r) from it.
  template <class Sent, class Received>
  void around(const Sent& sent, const Received& received) {
    for (int step = 1; step < size_; ++step) {
      const int to = (rank_ + step) % size_, from = (rank_ - step + size_) % size_;
      talk(&others_[static_cast<std::size_t>(to)], sent(static_cast<std::size_t>(to)),
           &others_[static_cast<std::size_t>(from)], received(static_cast<std::size_t>(from)), to,
           from);
    }
  }

  /// Sends and receives at the same time, or nobody would read what all of them send.
  void talk(const Socket* to, Bytes out, const Socket* from, std::span<std::uint8_t> in,
            int to_rank, int from_rank, Clock::time_point last = Clock::time_point::max()) const {
    Clock::time_point told{};
    while (!out.empty() || !in.empty()) {
      std::array<pollfd, 2> look{};
      look[0] = {out.empty() ? -1 : to->get(), POLLOUT, 0};
      look[1] = {in.empty() ? -1 : from->get(), POLLIN, 0};
      const int ready = ::poll(look.data(), look.size(), 200);
      if (ready <= 0) give_up_in_time(told, last);
      if (look[0].revents != 0) {
        const ssize_t n = ::send(to->get(), out.data(), out.size(), MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR) gone(to_rank, reason(errno));
        if (n > 0) out = out.subspan(static_cast<std::size_t>(n));
      }
      if (look[1].revents != 0) {
        const ssize_t n = ::recv(from->get(), in.data(), in.size(), 0);
        if (n == 0) gone(from_rank, "it has closed the connection");
        if (n < 0 && errno != EAGAIN && errno != EINTR) gone(from_rank, reason(errno));
        if (n > 0) in = in.subspan(static_cast<std::size_t>(n));
      }
    }
  }

  void give_up_in_time(Clock::time_point& told, Clock::time_point last) const {
    if (Clock::now() > last) fail("nothing was said in time");
    if (!interrupted()) return;
    if (told == Clock::time_point{}) told = Clock::now();
    if (Clock::now() - told > patience) {
      fail("process ", rank_, " of ", size_,
           ": the others no longer answer; what was written is kept, to go on from");
    }
  }

  [[noreturn]] void gone(int rank, const std::string& why) const {
    fail("process ", rank_, " of ", size_, ": process ", rank, " is gone (", why,
         "); what was written is kept, to go on from");
  }

  int rank_, size_;
  std::vector<Socket> others_;  // by rank; closed for this one
};

}  // namespace
}  // namespace nescio

/// What the program asks for when it has loaded this file; null if it is of another version.
extern "C" nescio::Communicator* nescio_communicator(const char* program_version) {
  if (nescio::version() != program_version) return nullptr;
  return new nescio::TcpCommunicator(nescio::Environment::read());
}
