#include "report/atypical_page.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/numbers.h"
#include "report/html_page.h"
#include "report/split_pictures.h"

namespace nescio::report {
namespace {

constexpr std::size_t most_classes = 20, pictures_each = 12, thumbnail_side = 96;

class Page {
 public:
  Page(const image::Dataset& dataset, std::int64_t masks)
      : dataset_(dataset), names_(dataset.class_names()), masks_(masks) {}

  std::string name(std::int64_t label) const {
    const auto c = static_cast<std::size_t>(label);
    return label >= 0 && c < names_.size() ? names_[c] : text("class ", label);
  }

  Html gallery(const std::string& heading, const std::vector<AtypicalPicture>& pictures) const {
    Html items;
    for (const AtypicalPicture& picture : pictures) items += item(picture);
    return tag("h3", heading) + tag("ul", {{"class", "gallery"}}, items);
  }

 private:
  Html item(const AtypicalPicture& p) const {
    image::Sample sample;
    try {
      sample = dataset_.load(p.number);
    } catch (const Error&) {
      return {};
    }
    const bool small = std::max(sample.image.height, sample.image.width) <= thumbnail_side;
    const std::string file = dataset_.name(p.number);
    const auto wrong = std::llround(p.wrong * static_cast<double>(masks_));
    Html words = tag("strong", text("wrong under ", wrong, " of ", masks_));
    words += tag("span", "loss " + short_number(p.loss));
    if (p.seen != p.label) words += tag("span", "seen as " + name(p.seen));
    words += tag("small", file.empty() ? text("row ", sample.index) : file);
    return tag("li", empty_tag("img", {{"src", thumbnail(sample.image, thumbnail_side)},
                                       {"alt", name(p.label)},
                                       {"class", small ? "pixels" : ""}}) +
                         tag("div", words));
  }

  const image::Dataset& dataset_;
  std::vector<std::string> names_;
  std::int64_t masks_;
};

}  // namespace

std::string atypical_page(const image::Dataset& dataset, const std::vector<AtypicalPicture>& ranked,
                          std::int64_t masks, double keep) {
  const Page page(dataset, masks);
  std::map<std::int64_t, std::vector<AtypicalPicture>> of_class;
  std::size_t broken = 0;
  for (const AtypicalPicture& picture : ranked) {
    of_class[picture.label].push_back(picture);
    broken += picture.wrong > 0.5;
  }
  std::vector<PageSection> sections;
  for (const auto& item : of_class) {
    const std::int64_t label = item.first;
    const std::vector<AtypicalPicture>& pictures = item.second;
    if (sections.size() == most_classes) break;
    const auto shown = static_cast<std::ptrdiff_t>(std::min(pictures.size(), pictures_each));
    const Html content =
        page.gallery("Most atypical", {pictures.begin(), pictures.begin() + shown}) +
        page.gallery("Least atypical", {pictures.rbegin(), pictures.rbegin() + shown});
    sections.push_back({text("class-", label), page.name(label), page.name(label), content});
  }
  const Html headlines =
      headline(text(ranked.size()), "training pictures") +
      headline(text(broken), "of them are taken for another class under most masks") +
      headline(text(masks), text("random masks that keep ", short_number(keep), " of the weights"));
  return html_page("Atypical training pictures", headlines, sections);
}

}  // namespace nescio::report
