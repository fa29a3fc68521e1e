// What a reader may spend on a file that nobody vouches for.
#pragma once

#include <cstddef>
#include <string>

namespace nescio::io {

/// Memory and work in proportion to the bytes of one file: small files that refer to themselves a
/// million times end in an Error instead of filling the memory or taking minutes. Everything that
/// a reader makes again and again from the same bytes is paid from it; honest files need a
/// fraction.
class Budget {
 public:
  /// `where` begins the message of the Error.
  Budget(std::size_t file_bytes, std::string where)
      : where_(std::move(where)), memory_(allowance(file_bytes)), work_(allowance(file_bytes)) {}

  /// Bytes that will be allocated.
  void pay_memory(std::size_t bytes) { pay(memory_, bytes, "memory"); }
  /// Steps in the order of one byte looked at.
  void pay_work(std::size_t steps) { pay(work_, steps, "work"); }

 private:
  static std::size_t allowance(std::size_t file_bytes);
  void pay(std::size_t& left, std::size_t amount, const char* what) {
    if (amount > left) refuse(what);
    left -= amount;
  }
  [[noreturn]] void refuse(const char* what) const;

  std::string where_;
  std::size_t memory_;
  std::size_t work_;
};

}  // namespace nescio::io
