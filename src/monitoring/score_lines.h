// Scores that come line by line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nescio::monitoring {

/// What a stream says of a row.
struct StreamRow {
  double score = 0;                             // higher = more OOD
  std::optional<std::uint32_t> predicted = {};  // the class that the network sees
};

/// One line as `nescio score --json` writes it, {"score": 1.5, "class": 3, ...} of which these two are read, the class
/// if it is there; or a number alone. Error if it is something else.
StreamRow parse_score_line(std::string_view line);

/// The lines of a file descriptor (a pipe, a file, a terminal) as they come.
class LineReader {
 public:
  explicit LineReader(int descriptor) : descriptor_(descriptor) {}

  /// The next line, without its end; false at the end of the file and after Ctrl-C, for which it looks while it waits.
  /// Of a line of more than max_line bytes the rest is dropped. Error if it cannot be read.
  bool next(std::string& line);
  static constexpr std::size_t max_line = 1 << 20;

 private:
  bool fill();

  int descriptor_;
  std::string buffer_;
  std::size_t at_ = 0;
};

}  // namespace nescio::monitoring
