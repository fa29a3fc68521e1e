// For tests: reads a page strictly, as XML, so that a browser can have no doubt about it either.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace nescio::report {

/// How often `part` stands in `text`.
inline std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; ++at) ++found;
  return found;
}

struct Element {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::size_t begin = 0;  // of its content in the page
};

/// All elements of the page, in order. Error for tags that do not match, attributes that are not
/// quoted or occur twice, stray brackets or ampersands, and characters that XML has no place for.
inline std::vector<Element> read_page(std::string_view page) {
  std::vector<Element> out;
  std::vector<std::string> open;
  std::size_t at = 0;
  const auto check_entity = [](const std::string& entity) {
    if (entity != "&amp" && entity != "&lt" && entity != "&gt" && entity != "&quot" &&
        entity != "&#39") {
      fail("entity ", entity);
    }
  };
  const auto until = [&](std::string_view ends) {
    const std::size_t end = page.find_first_of(ends, at);
    if (end == std::string_view::npos) fail("the page ends inside a tag");
    const std::string words(page.substr(at, end - at));
    at = end;
    return words;
  };
  for (std::size_t begin = 0; begin < page.size();) {
    const std::size_t end = std::min(page.find('\n', begin), page.size());
    const std::string_view line = page.substr(begin, end - begin);
    if (printable(line) != line) fail("characters that cannot be seen in '", printable(line), "'");
    begin = end + 1;
  }
  const std::string_view doctype = "<!DOCTYPE html>\n";
  if (!page.starts_with(doctype)) fail("no doctype");
  at = doctype.size();
  while (at < page.size()) {
    if (page[at] == '&') {
      check_entity(until(";"));
    } else if (page[at] == '>' && open.back() != "style") {
      fail("stray > at ", at);
    }
    if (page[at++] != '<') continue;
    if (page[at] == '/') {
      ++at;
      const std::string name = until(">");
      if (open.empty() || open.back() != name) fail("</", name, "> closes nothing");
      open.pop_back();
      ++at;
      continue;
    }
    Element element{.name = until(" />"), .attributes = {}};
    while (page[at] == ' ') {
      ++at;
      const std::string key = until("=");
      if (page.substr(at, 2) != "=\"") fail("attribute ", key, " is not quoted");
      at += 2;
      const std::string value = until("\"<");
      for (std::size_t mark = 0; (mark = value.find('&', mark)) != std::string::npos; ++mark) {
        check_entity(value.substr(mark, std::min(value.find(';', mark), value.size()) - mark));
      }
      if (!element.attributes.emplace(key, value).second) fail(key, " is there twice");
      if (page[at] != '"') fail("< in attribute ", key);
      ++at;
    }
    const bool empty = page[at] == '/';
    at += empty ? 2 : 1;
    if (!empty) open.push_back(element.name);
    element.begin = at;
    out.push_back(std::move(element));
  }
  if (!open.empty()) fail("<", open.back(), "> is not closed");
  return out;
}

}  // namespace nescio::report
