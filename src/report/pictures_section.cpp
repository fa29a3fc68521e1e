// What the best detector gets wrong most confidently, and what it typically catches, as pictures.
#include <algorithm>

#include "base/error.h"
#include "base/row_argmax.h"
#include "report/sections.h"
#include "report/split_pictures.h"

namespace nescio::report {
namespace {

constexpr std::size_t pictures_in_group = 8;
constexpr std::size_t thumbnail_side = 64;

struct Pick {
  std::string set;
  std::size_t row;
  double score;
};

// All rows of the sets of a role with their scores, lowest first; equal ones by set and row.
std::vector<Pick> picks(const Findings& findings, const std::string& role) {
  std::vector<Pick> out;
  const std::string& detector = findings.charted().front();
  for (const evaluation::SetInfo& set : findings.sets(role)) {
    const auto scores = findings.scores(detector, set.name);
    std::size_t next = 0;
    for (const evaluation::SetInfo& split : findings.splits_of(set)) {
      for (std::size_t r = 0; r < split.rows && next < scores.size(); ++r) {
        out.push_back({split.name, r, scores[next++]});
      }
    }
  }
  std::ranges::stable_sort(out, {}, &Pick::score);
  return out;
}

// The class that the network sees in a row; empty where there are no logits that can be read, or those of
// several networks.
std::string predicted(const Findings& findings, const Pick& pick) {
  if (!findings.bank().has(pick.set, "logits")) return {};
  Array logits;
  try {
    logits = findings.bank().at(pick.set).array("logits");
  } catch (const Error&) {
    return {};  // damaged: the caption goes without
  }
  if (pick.row >= logits.rows()) return {};
  return findings.class_name(row_argmax(logits.slice(pick.row, 1)).as<std::int64_t>()[0]);
}

// Opens each data set once and remembers why one could not be.
class Gallery {
 public:
  explicit Gallery(const Findings& findings) : findings_(findings) {
    for (const evaluation::SetInfo& set : findings.results().sets) {
      for (const evaluation::SetInfo& split : findings.splits_of(set)) {
        sources_.emplace(split.name, SplitPictures(findings.bank(), split.name));
      }
    }
  }

  Html group(const std::string& heading, const std::string& words, std::span<const Pick> chosen) {
    if (chosen.empty()) return {};
    Html items;
    for (const Pick& pick : chosen) items += tag("li", item(pick));
    return tag("h3", heading) + tag("p", words) + tag("ul", {{"class", "gallery"}}, items);
  }

  Html problems() const {
    Html items;
    for (const auto& [set, source] : sources_) {
      if (!source.problem().empty()) items += tag("li", code(set) + ": " + source.problem());
    }
    if (items.empty()) return items;
    return tag("p", "Some sets are shown without pictures:") + tag("ul", items);
  }

 private:
  // What it shows: the name of its class, of its file, or else of its set.
  static std::string caption(const SplitPictures& source, const Pick& pick, std::int64_t label) {
    const auto names = source.class_names();
    if (label >= 0 && static_cast<std::size_t>(label) < names.size()) {
      return names[static_cast<std::size_t>(label)];
    }
    if (const std::string file = source.name(pick.row); !file.empty()) return file;
    return label >= 0 ? text("class ", label) : pick.set;
  }

  Html item(const Pick& pick) {
    const SplitPictures& source = sources_.at(pick.set);
    const std::string prediction = predicted(findings_, pick);
    std::string what = caption(source, pick, -1);
    Html picture;
    try {
      const image::Sample sample = source.load(pick.row);
      what = caption(source, pick, sample.label);
      const bool small = std::max(sample.image.height, sample.image.width) <= thumbnail_side;
      picture = empty_tag("img", {{"src", thumbnail(sample.image, thumbnail_side)},
                                  {"alt", what + " from " + pick.set},
                                  {"class", small ? "pixels" : ""}});
    } catch (const std::exception&) {
      picture = tag("div", {{"class", "nothing"}}, "no picture");
    }
    Html words = tag("strong", what);
    if (!prediction.empty()) words += tag("span", "seen as " + prediction);
    words += tag("span", "score " + short_number(pick.score)) +
             tag("small", text(pick.set, ", row ", pick.row));
    return picture + tag("div", words);
  }

  const Findings& findings_;
  std::map<std::string, SplitPictures> sources_;
};

std::span<const Pick> first_of(const std::vector<Pick>& all, std::size_t count) {
  return std::span(all).first(std::min(count, all.size()));
}

}  // namespace

Html pictures_section(const Findings& findings) {
  if (findings.charted().empty()) return {};
  Gallery gallery(findings);
  const std::string& detector = findings.charted().front();
  std::vector<Pick> id = picks(findings, "id");
  const double threshold =
      threshold_keeping_95(findings.scores(detector, findings.sets("id").front().name));
  std::ranges::reverse(id);
  const auto flagged = static_cast<std::size_t>(
      std::ranges::count_if(id, [&](const Pick& p) { return p.score > threshold; }));

  Html groups;
  Html caught;
  for (const std::string& role : findings.ood_roles()) {
    const std::vector<Pick> all = picks(findings, role);
    const auto accepted = static_cast<std::size_t>(
        std::ranges::count_if(all, [&](const Pick& p) { return p.score <= threshold; }));
    groups += gallery.group("Taken for known: " + role,
                            text("The lowest scores of ", role, " rows; ", thousands(accepted),
                                 " of ", thousands(all.size()), " are accepted although OOD."),
                            first_of(all, std::min(accepted, pictures_in_group)));
    const auto rest = std::span(all).subspan(accepted);
    const std::size_t shown = std::min(rest.size(), pictures_in_group);
    caught += gallery.group("Typical catches: " + role,
                            text("Around the median score of the ", thousands(rest.size()), " ",
                                 role, " rows that are flagged."),
                            rest.subspan((rest.size() - shown) / 2, shown));
  }
  groups += gallery.group("Flagged although known",
                          text("The highest scores of ID rows; ", thousands(flagged), " of ",
                               thousands(id.size()), " are flagged."),
                          first_of(id, std::min(flagged, pictures_in_group)));
  Html words = Html("Rows of ") + code(detector) + ", the best detector by mean " +
               findings.ranked_by() +
               " AUROC. That choice was made on the very numbers above and is meant as an "
               "illustration. Its threshold here is " +
               short_number(threshold) + ", which keeps 95 % of the ID rows.";
  return tag("p", words) + gallery.problems() + groups + caught;
}

}  // namespace nescio::report
