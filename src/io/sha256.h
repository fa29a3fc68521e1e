// SHA-256 (FIPS 180-4) of bytes and files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace nescio::io {

/// Hash of bytes that come piece by piece.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::span<const std::uint8_t> bytes);
  void add(std::string_view text);
  /// 64 lower-case hex digits; nothing may be added afterwards.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256(std::span<const std::uint8_t> bytes);
std::string sha256(std::string_view text);
/// Error if the file cannot be read.
std::string sha256_file(const std::filesystem::path& path);

}  // namespace nescio::io
