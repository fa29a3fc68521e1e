// Markup that is well-formed and escaped by construction.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nescio::report {

/// A piece of a page. Text becomes markup only here, so nothing can be forgotten: every string that
/// is turned into Html is escaped (but for its line ends, it is printable() too, so that a page is
/// XML whatever the names in it are), and only tag() writes angle brackets.
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

/// What stands above a column of a table, and whether below it are numbers, which stand at the right.
struct Heading {
  Html words;
  bool numbers = false;
};
/// <th scope="col"> for each.
Html head_cells(const std::vector<Heading>& headings);
/// <td>, for a column of numbers if `number`.
Html cell(const Html& content, bool number = false);
/// A table that scrolls inside its own frame where the screen is narrower; the caption may be empty.
Html table(const Html& caption, const Html& head, const Html& body);

/// The same of these lines, <tr> each; those behind the first `open` are folded, where they are more than a
/// few.
Html folding_table(const Html& caption, const Html& head, const std::vector<Html>& lines,
                   std::size_t open);

/// At most `length` characters, the rest as an ellipsis.
std::string shorten(std::string_view words, std::size_t length);
/// The same of names that stand beside each other: where they would look alike, the ellipsis stands for what
/// they have in common, so that each says where it differs.
std::vector<std::string> shorten_all(const std::vector<std::string>& names, std::size_t length);

}  // namespace nescio::report
