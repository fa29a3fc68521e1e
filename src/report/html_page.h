// The frame of every page: head, style, title, links to the sections.
#pragma once

#include <string>
#include <vector>

#include "report/html.h"

namespace nescio::report {

struct PageSection {
  std::string id;
  std::string name;  // in the list of sections
  std::string heading;
  Html content;  // empty: the section is left out
};

/// A number to take away and what it is.
Html headline(const std::string& number, const Html& words);

/// One file that needs no network, no script and no other file. A browser reads it again after
/// `reload_seconds`, unless that is 0.
std::string html_page(const std::string& title, const Html& headlines,
                      const std::vector<PageSection>& sections, int reload_seconds = 0);

}  // namespace nescio::report
