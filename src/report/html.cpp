#include "report/html.h"

namespace nescio {
namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Bytes of the UTF-8 character that `s` begins with; 0 if it begins with none (RFC 3629).
std::size_t length_of(std::string_view s) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || s.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(s[i])) return 0;
  }
  const bool overlong = (first == 0xE0 && at(1) < 0xA0) || (first == 0xF0 && at(1) < 0x90);
  const bool surrogate = first == 0xED && at(1) > 0x9F;
  const bool beyond = first == 0xF4 && at(1) > 0x8F;
  return overlong || surrogate || beyond ? 0 : length;
}

std::string escape(std::string_view s) {
  std::string out;
  out.reserve(s.size());
  while (!s.empty()) {
    const std::size_t length = length_of(s);
    const char c = s[0];
    if (length == 0) {
      out += "\uFFFD";
    } else if (length > 1) {
      out += s.substr(0, length);
    } else if (c == '&') {
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
      const bool control = (c < ' ' && c != '\n') || c == 0x7F;
      out += control ? ' ' : c;
    }
    s.remove_prefix(length == 0 ? 1 : length);
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

Html cells(const std::vector<Html>& contents, const Attributes& attributes) {
  Html out;
  for (const Html& content : contents) out += tag("td", attributes, content);
  return out;
}

Html head_cells(const std::vector<Html>& contents) {
  Html out;
  for (const Html& content : contents) out += tag("th", {{"scope", "col"}}, content);
  return out;
}

Html table(const Html& caption, const Html& head, const Html& body) {
  const Html inside = (caption.empty() ? Html() : tag("caption", tag("span", caption))) +
                      tag("thead", head) + tag("tbody", body);
  return tag("div", {{"class", "scroll"}, {"tabindex", "0"}}, tag("table", inside));
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

}  // namespace nescio
