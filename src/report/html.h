// Markup that is well-formed and escaped by construction.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nescio {

/// A piece of a page. Text becomes markup only here, so nothing can be forgotten: every string that
/// is turned into Html is escaped (bytes that are no UTF-8 become U+FFFD, control characters
/// blanks), and only tag() writes angle brackets.
class Html {
 public:
  Html() = default;
  Html(std::string_view words);
  Html(const std::string& words) : Html(std::string_view(words)) {}
  Html(const char* words) : Html(std::string_view(words)) {}
  /// Markup of our own, as it is: the doctype, the style sheet.
  static Html raw(std::string code);

  Html& operator+=(const Html& more);
  friend Html operator+(Html a, const Html& b) { return std::move(a += b); }

  const std::string& code() const { return code_; }
  bool empty() const { return code_.empty(); }

 private:
  std::string code_;
};

/// Name and value; values are escaped too.
using Attributes = std::vector<std::pair<std::string_view, std::string>>;

/// <name key="value">content</name>
Html tag(std::string_view name, const Attributes& attributes, const Html& content);
Html tag(std::string_view name, const Html& content);
/// <name key="value"/>
Html empty_tag(std::string_view name, const Attributes& attributes);

/// Cells of one row of a table, a column each: <td>, or <th scope="col"> in its head.
Html cells(const std::vector<Html>& contents, const Attributes& attributes = {});
Html head_cells(const std::vector<Html>& contents);
/// A table that scrolls inside its own frame where the screen is narrower; the caption may be empty.
Html table(const Html& caption, const Html& head, const Html& body);

/// At most `length` characters, the rest as an ellipsis.
std::string shorten(std::string_view words, std::size_t length);

}  // namespace nescio
