#include "report/html_page.h"

#include "base/text.h"
#include "base/version.h"
#include "report/report_css.h"

namespace nescio::report {

Html headline(const std::string& number, const Html& words) {
  return tag("div", tag("strong", number) + tag("span", words));
}

std::string html_page(const std::string& title, const Html& headlines,
                      const std::vector<PageSection>& sections, int reload_seconds) {
  Html body, links;
  for (const PageSection& section : sections) {
    if (section.content.empty()) continue;
    const std::string heading = section.id + "-heading";
    body += tag("section", {{"id", section.id}, {"aria-labelledby", heading}},
                tag("h2", {{"id", heading}}, section.heading) + section.content);
    links += tag("a", {{"href", "#" + section.id}}, section.name);
  }
  const Html reload =
      reload_seconds == 0
          ? Html()
          : empty_tag("meta", {{"http-equiv", "refresh"}, {"content", text(reload_seconds)}});
  const Html head = empty_tag("meta", {{"charset", "utf-8"}}) + reload +
                    empty_tag("meta", {{"name", "viewport"},
                                       {"content", "width=device-width, initial-scale=1"}}) +
                    empty_tag("meta", {{"name", "color-scheme"}, {"content", "light dark"}}) +
                    tag("title", title + " \u00b7 Nescio") + tag("style", Html::raw(report_css));
  const Html page =
      tag("header", tag("p", {{"class", "brand"}}, "Nescio: what the network does not know") +
                        tag("h1", title) + tag("div", {{"class", "headlines"}}, headlines)) +
      tag("nav", {{"aria-label", "Sections"}}, links) + tag("main", body) +
      tag("footer", tag("p", text("Written by Nescio ", version(), ".")));
  return "<!DOCTYPE html>\n" +
         tag("html", {{"lang", "en"}}, tag("head", head) + tag("body", page)).code() + "\n";
}

}  // namespace nescio::report
