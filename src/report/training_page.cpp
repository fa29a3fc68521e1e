#include "report/training_page.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/numbers.h"
#include "base/text.h"
#include "report/html_page.h"
#include "report/line_chart.h"
#include "report/split_pictures.h"

namespace nescio::report {
namespace {

constexpr std::size_t reconstruction_side = 112;

std::string style_of_split(const std::string& split) {
  if (split == "train") return "second";
  return split == "val" ? "first" : "third";
}

/// The names of all values, in the order in which they come.
std::vector<std::string> curve_names(const std::vector<CurveRow>& rows) {
  std::vector<std::string> out;
  for (const CurveRow& row : rows) {
    for (const auto& [name, value] : row.values) {
      const bool of_machine = name == "images_per_second" || name == "rows";
      if (!of_machine && std::ranges::find(out, name) == out.end()) out.push_back(name);
    }
  }
  return out;
}

Html curve_chart(const std::vector<CurveRow>& rows, const std::string& name) {
  std::vector<LineSeries> series;
  for (const CurveRow& row : rows) {
    const auto value = std::ranges::find(row.values, name, &std::pair<std::string, double>::first);
    if (value == row.values.end()) continue;
    auto of_split = std::ranges::find(series, row.split, &LineSeries::name);
    if (of_split == series.end()) {
      series.push_back({row.split, style_of_split(row.split), {}});
      of_split = series.end() - 1;
    }
    of_split->points.push_back({static_cast<double>(row.step), value->second});
  }
  const Html drawn = line_chart(series, {"step"}, {name}, name + " over steps");
  return drawn.empty() ? drawn : tag("figure", tag("figcaption", name) + drawn);
}

Html picture(const image::Image& image, const char* words) {
  const bool small = std::max(image.height, image.width) <= reconstruction_side;
  return tag("li", empty_tag("img", {{"src", thumbnail(image, reconstruction_side)},
                                     {"alt", words},
                                     {"class", small ? "pixels" : ""}}) +
                       tag("div", tag("small", words)));
}

Html pictures_section(const std::vector<PictureRow>& pictures) {
  Html items;
  for (const PictureRow& row : pictures) {
    items += picture(row.picture, "picture");
    items += picture(row.shown, "seen");
    items += picture(row.made, "made");
  }
  return items.empty() ? items : tag("ul", {{"class", "gallery triples"}}, items);
}

}  // namespace

std::vector<CurveRow> read_curves(std::string_view lines) {
  std::vector<CurveRow> out;
  for (std::size_t begin = 0; begin < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', begin), lines.size());
    const auto json = nlohmann::ordered_json::parse(lines.substr(begin, end - begin), nullptr,
                                                    /*allow_exceptions=*/false);
    begin = end + 1;
    if (!json.is_object() || !json.contains("step") || !json["step"].is_number_integer()) continue;
    CurveRow row{
        .step = json["step"].get<std::int64_t>(), .split = json.value("split", ""), .values = {}};
    for (const auto& item : json.items()) {
      if (!item.value().is_number() || item.key() == "step" || item.key() == "epoch" ||
          item.key() == "time") {
        continue;
      }
      row.values.emplace_back(item.key(), item.value().get<double>());
    }
    out.push_back(std::move(row));
  }
  return out;
}

std::string training_page(const std::string& run, const std::vector<CurveRow>& rows,
                          const std::vector<PictureRow>& pictures) {
  Html panels;
  for (const std::string& name : curve_names(rows)) panels += curve_chart(rows, name);
  Html headlines;
  if (!rows.empty()) headlines += headline(text(rows.back().step), "steps");
  std::vector<std::pair<std::string, const CurveRow*>> last;
  for (const CurveRow& row : rows) {
    const auto of_split =
        std::ranges::find(last, row.split, &std::pair<std::string, const CurveRow*>::first);
    if (of_split == last.end()) {
      last.emplace_back(row.split, &row);
    } else {
      of_split->second = &row;
    }
  }
  for (const auto& [split, row] : last) {
    for (const auto& [name, value] : row->values) {
      const bool counts = name == "loss" || name.ends_with("accuracy");
      if (counts) headlines += headline(short_number(value), name + " of " + split);
    }
  }
  return html_page(
      "Training: " + run, headlines,
      {{"curves", "Curves", "Curves", tag("div", {{"class", "panels pairs"}}, panels)},
       {"pictures", "Pictures", "What it makes of pictures", pictures_section(pictures)}});
}

}  // namespace nescio::report
