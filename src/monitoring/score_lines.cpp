#include "monitoring/score_lines.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/interrupt.h"
#include "io/json_file.h"

namespace nescio::monitoring {

StreamRow parse_score_line(std::string_view line) {
  line = trim(line);
  StreamRow row;
  if (!line.starts_with('{')) {
    row.score = parse_number(line, "score");
  } else {
    const nlohmann::json json = io::parse_json(line, "line");
    const auto score = json.find("score");
    if (score == json.end() || !score->is_number()) {
      fail("expected a number as \"score\", found ", score == json.end() ? "none" : score->dump());
    }
    row.score = score->get<double>();
    if (const auto seen = json.find("class"); seen != json.end() && !seen->is_null()) {
      if (!seen->is_number_unsigned() || *seen > std::numeric_limits<std::uint32_t>::max()) {
        fail("expected a number from 0 as \"class\", found ", seen->dump());
      }
      row.predicted = seen->get<std::uint32_t>();
    }
  }
  if (!std::isfinite(row.score)) fail("expected a finite score, found ", row.score);
  return row;
}

bool LineReader::next(std::string& line) {
  line.clear();
  bool any = false;
  while (at_ < buffer_.size() || fill()) {
    any = true;
    const auto end = buffer_.find('\n', at_);
    const auto piece = std::string_view(buffer_).substr(at_, end - at_);
    line.append(piece.substr(0, max_line - std::min(line.size(), max_line)));
    at_ = end == std::string::npos ? buffer_.size() : end + 1;
    if (end != std::string::npos) return true;
  }
  // The end of the file ends its last line, too; Ctrl-C may have come in the middle of one.
  return any && !interrupted();
}

bool LineReader::fill() {
  constexpr int look_again_ms = 100;
  at_ = 0;
  buffer_.clear();
  while (!interrupted()) {
    pollfd waiting{.fd = descriptor_, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waiting, 1, look_again_ms);
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    buffer_.resize(1 << 16);
    const ssize_t got = ready < 0 ? -1 : ::read(descriptor_, buffer_.data(), buffer_.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("the stream cannot be read: ", std::strerror(errno));
    buffer_.resize(static_cast<std::size_t>(got));
    return got > 0;
  }
  return false;
}

}  // namespace nescio::monitoring
