#include "image/image_list.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/text.h"

namespace nescio::image {
namespace {

/// The part of Python's literals that ast.literal_eval takes: texts, numbers, names, and lists,
/// tuples and dictionaries of them. Only the whole number under 'label' is kept.
class DictReader {
 public:
  explicit DictReader(std::string_view source) : rest_(source) {}

  /// The label of a dictionary that is the whole source; 0 if it has none.
  std::int64_t label() {
    std::int64_t label = 0;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = value(1);
      expect(':');
      const std::string_view item = value(1);
      if (key == "'label'" || key == "\"label\"") label = parse_integer(item, "'label'");
      if (!accept(',') && !next_is('}')) fail("expected ',' or '}' in the dictionary");
    }
    if (!trim(rest_).empty()) fail("something follows the dictionary");
    return label;
  }

 private:
  static constexpr int max_depth = 20;

  bool next_is(char c) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
    return rest_.starts_with(c);
  }
  bool accept(char c) {
    if (!next_is(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail("expected '", c, "' in the dictionary");
  }

  /// Passes one value and gives its text.
  std::string_view value(int depth) {
    if (depth > max_depth) fail("the dictionary is nested too deeply");
    next_is(' ');
    const std::string_view from_here = rest_;
    const char first = rest_.empty() ? '\0' : rest_.front();
    if (first == '\'' || first == '"') {
      pass_text(first);
    } else if (first == '[' || first == '(') {
      pass_items(first == '[' ? ']' : ')', depth, false);
    } else if (first == '{') {
      pass_items('}', depth, true);
    } else {
      pass_word();
    }
    return from_here.substr(0, from_here.size() - rest_.size());
  }
  void pass_text(char quote) {
    std::size_t i = 1;
    while (i < rest_.size() && rest_[i] != quote) i += rest_[i] == '\\' ? 2 : 1;
    if (i >= rest_.size()) fail("a text in the dictionary does not end");
    rest_.remove_prefix(i + 1);
  }
  void pass_items(char close, int depth, bool pairs) {
    rest_.remove_prefix(1);
    while (!accept(close)) {
      value(depth + 1);
      if (pairs) {
        expect(':');
        value(depth + 1);
      }
      if (!accept(',') && !next_is(close)) fail("expected ',' or '", close, "' in the dictionary");
    }
  }
  void pass_word() {
    const auto length = std::min(rest_.find_first_of(" \t,:]})"), rest_.size());
    const std::string_view word = rest_.substr(0, length);
    if (word != "True" && word != "False" && word != "None") parse_number(word, "the dictionary");
    rest_.remove_prefix(length);
  }

  std::string_view rest_;
};

std::int64_t parse_label(std::string_view label) {
  const std::int64_t value = trim(label).starts_with('{') ? DictReader(trim(label)).label()
                                                          : parse_integer(label, "label");
  return std::max<std::int64_t>(value, -1);
}

void check_path(std::string_view path) {
  if (path.starts_with('/')) fail("expected a path relative to root=, found '", path, "'");
  if (path.find('\0') != std::string_view::npos) fail("a path holds a zero byte");
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find_first_of("/\\", begin), path.size());
    if (path.substr(begin, end - begin) == "..") {
      fail("'", path, "' leads out of the folder root=; '..' is not allowed");
    }
    begin = end + 1;
  }
}

ListedPicture parse_line(std::string_view line) {
  if (trim(line).empty()) fail("it is empty");
  const auto blank = line.find_first_of(" \t");
  if (blank == 0 || blank == std::string_view::npos || trim(line.substr(blank)).empty()) {
    fail("expected 'path label', found '", line, "'");
  }
  const std::string_view path = line.substr(0, blank);
  check_path(path);
  try {
    return {std::string(path), parse_label(line.substr(blank + 1))};
  } catch (const Error& e) {
    fail(e.what(), "; the label begins behind the first blank or tab, so paths cannot hold any");
  }
}

}  // namespace

std::vector<ListedPicture> parse_image_list(std::string_view list, std::string_view where) {
  if (list.starts_with("\xff\xfe") || list.starts_with("\xfe\xff")) {
    fail(where, ": is UTF-16 text; save it as UTF-8");
  }
  if (constexpr std::string_view mark = "\xef\xbb\xbf"; list.starts_with(mark)) {
    list.remove_prefix(mark.size());
  }
  const auto last = list.find_last_not_of(" \t\r\n");
  if (last == std::string_view::npos) fail(where, ": the list is empty");
  list = list.substr(0, last + 1);
  // Old Macs end lines with a carriage return alone.
  const char line_end = list.find('\n') == std::string_view::npos ? '\r' : '\n';
  std::vector<ListedPicture> pictures;
  pictures.reserve(static_cast<std::size_t>(std::ranges::count(list, line_end)) + 1);
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(line_end, begin), list.size());
    std::string_view line = list.substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    try {
      pictures.push_back(parse_line(line));
    } catch (const Error& e) {
      fail(where, ": line ", pictures.size() + 1, ": ", e.what());
    }
    begin = end + 1;
  }
  return pictures;
}

}  // namespace nescio::image
