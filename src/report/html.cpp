#include "report/html.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "base/text.h"

namespace nescio::report {
namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Where a name begins to differ from another one: at a character.
std::size_t parting(std::string_view name, std::string_view other) {
  const auto differ = std::ranges::mismatch(name, other).in1;
  auto at = static_cast<std::size_t>(differ - name.begin());
  while (0 < at && at < name.size() && continues(name[at])) --at;
  return at;
}

std::string escape(std::string_view words) {
  std::string out;
  out.reserve(words.size());
  for (std::size_t begin = 0; begin <= words.size();) {
    const std::size_t end = std::min(words.find('\n', begin), words.size());
    for (const char c : printable(words.substr(begin, end - begin))) {
      if (c == '&') {
        out += "&amp;";
      } else if (c == '<') {
        out += "&lt;";
      } else if (c == '>') {
        out += "&gt;";
      } else if (c == '"') {
        out += "&quot;";
      } else if (c == '\'') {
        out += "&#39;";
      } else {
        out += c;
      }
    }
    if (end < words.size()) out += '\n';
    begin = end + 1;
  }
  return out;
}

std::string opening(std::string_view name, const Attributes& attributes) {
  std::string out = "<";
  out += name;
  for (const auto& [key, value] : attributes) {
    out += ' ';
    out += key;
    out += "=\"" + escape(value) + '"';
  }
  return out;
}

}  // namespace

Html::Html(std::string_view words) : code_(escape(words)) {}

Html Html::raw(std::string code) {
  Html out;
  out.code_ = std::move(code);
  return out;
}

Html& Html::operator+=(const Html& more) {
  code_ += more.code_;
  return *this;
}

Html tag(std::string_view name, const Attributes& attributes, const Html& content) {
  std::string out = opening(name, attributes) + '>' + content.code() + "</";
  out += name;
  return Html::raw(out + '>');
}

Html tag(std::string_view name, const Html& content) { return tag(name, {}, content); }

Html empty_tag(std::string_view name, const Attributes& attributes) {
  return Html::raw(opening(name, attributes) + "/>");
}

Html head_cells(const std::vector<Heading>& headings) {
  Html out;
  for (const Heading& heading : headings) {
    Attributes attributes = {{"scope", "col"}};
    if (heading.numbers) attributes.emplace_back("class", "number");
    out += tag("th", attributes, heading.words);
  }
  return out;
}

Html cell(const Html& content, bool number) {
  return tag("td", number ? Attributes{{"class", "number"}} : Attributes{}, content);
}

Html table(const Html& caption, const Html& head, const Html& body) {
  const Html inside = (caption.empty() ? Html() : tag("caption", tag("span", caption))) +
                      tag("thead", head) + tag("tbody", body);
  return tag("div", {{"class", "scroll"}, {"tabindex", "0"}}, tag("table", inside));
}

Html folding_table(const Html& caption, const Html& head, const std::vector<Html>& lines,
                   std::size_t open) {
  constexpr std::size_t few = 2;  // not worth a click
  const std::size_t shown = lines.size() <= open + few ? lines.size() : open;
  Html first, rest;
  for (std::size_t i = 0; i < lines.size(); ++i) (i < shown ? first : rest) += lines[i];
  const Html top = table(caption, head, first);
  if (rest.empty()) return top;
  return top + tag("details", tag("summary", "The other " + std::to_string(lines.size() - shown)) +
                                  table({}, head, rest));
}

std::string shorten(std::string_view words, std::size_t length) {
  std::string out;
  std::size_t characters = 0;
  for (const char c : words) {
    if (!continues(c) && ++characters > length) {
      while (!out.empty() && continues(out.back())) out.pop_back();
      if (!out.empty()) out.pop_back();
      return out + "\u2026";
    }
    out += c;
  }
  return out;
}

std::vector<std::string> shorten_all(const std::vector<std::string>& names, std::size_t length) {
  std::vector<std::string> out;
  std::map<std::string, std::set<std::string>> alike;  // names by what they are shortened to
  for (const std::string& name : names) {
    out.push_back(shorten(name, length));
    alike[out.back()].insert(name);
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::set<std::string>& group = alike.at(out[i]);
    if (group.size() == 1) continue;
    const auto self = group.find(names[i]);  // its neighbours share the longest beginnings with it
    std::size_t from = 0;
    if (self != group.begin()) from = parting(*self, *std::prev(self));
    if (std::next(self) != group.end()) from = std::max(from, parting(*self, *std::next(self)));
    const std::size_t word = self->find_last_of("(,+ /", from == 0 ? 0 : from - 1) + 1;
    if (from - word <= length / 3) from = word;
    out[i] = shorten(shorten(*self, length / 3) + self->substr(from), length);
  }
  return out;
}

}  // namespace nescio::report
