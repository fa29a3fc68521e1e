// Output that a terminal can only show, not obey.
#pragma once

#include <ostream>
#include <streambuf>
#include <string>

namespace nescio::cli {

/// Passes every line on as printable() shows it, so that a name from outside cannot move the cursor
/// or hide what stands before it; of a line with more than `longest` bytes both ends. What is not a whole line waits for the rest, or for a flush.
class PrintableStream final : public std::ostream {
 public:
  explicit PrintableStream(std::ostream& to, std::size_t longest = std::string::npos)
      : std::ostream(nullptr), buffer_(to, longest) {
    rdbuf(&buffer_);
  }

 private:
  class Buffer final : public std::streambuf {
   public:
    Buffer(std::ostream& to, std::size_t longest) : to_(to), longest_(longest) {}
    ~Buffer() override { sync(); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

   private:
    int_type overflow(int_type c) override;
    int sync() override;
    void pass_on();

    std::ostream& to_;
    std::size_t longest_;
    std::string line_;
  };

  Buffer buffer_;
};

}  // namespace nescio::cli
