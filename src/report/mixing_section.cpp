// Mixtures of ID pictures and outliers: what methods that train on them claim, as pictures.
#include <algorithm>
#include <span>

#include "base/text.h"
#include "report/density_chart.h"
#include "report/sections.h"
#include "report/svg.h"

namespace nescio::report {
namespace {

constexpr double width = 340, height = 250;
constexpr std::size_t most_dots = 250;  // of a group in the plane

struct Curve {
  std::string name, style;
  double MixingPoint::*value;
};

Html frame(const Scale& x, const Scale& y, const std::string& y_words) {
  Html out;
  const std::vector<double> at = ticks(y.from, y.to, 4);
  const double step = at.size() > 1 ? at[1] - at[0] : 1;
  for (const double value : at) {
    out += line({x.start, y(value)}, {x.end, y(value)}, "grid");
    out += label({x.start - 6, y(value) + 4}, tick_text(value, step), "tick", "end");
  }
  return out + axis(x, y.start, 5) + label({x.start - 34, y.end - 10}, y_words, "note") +
         label({x.end, y.start + 32}, "lambda: weight of the id picture", "note", "end");
}

Html path_chart(const Mixing& mixing, const std::vector<Curve>& curves, double from, double to,
                const std::string& y_words, const std::string& words) {
  const Scale x{0, 1, 44, width - 12};
  const Scale y{from, to, height - 42, 26};
  Html out = frame(x, y, y_words);
  const double left = (x.start + x.end) / 2;  // the legend stands below the target, a diagonal
  double at = y.start - 12 - 18 * (static_cast<double>(curves.size()) - 1);
  for (const Curve& curve : curves) {
    std::vector<Point> points;
    for (const MixingPoint& point : mixing.path) {
      points.push_back({x(point.lambda), y(point.*curve.value)});
    }
    out += path(points, "curve " + curve.style);
    if (curves.size() == 1) continue;
    out += line({left, at - 4}, {left + 24, at - 4}, "curve " + curve.style);
    out += label({left + 30, at}, curve.name, "name " + curve.style);
    at += 18;
  }
  return drawing(width, height, words, out);
}

Html confidence_chart(const Mixing& mixing) {
  const MixingPoint& half = mixing.path[mixing.path.size() / 2];
  return path_chart(
      mixing,
      {{"of mixed pictures", "second", &MixingPoint::of_pictures},
       {"of mixed logits", "third", &MixingPoint::of_logits},
       {"target", "other", &MixingPoint::target}},
      0, 1, "mean largest softmax",
      text("Mean confidence along the way from ", mixing.outliers, " to ", mixing.id,
           ". Half way: mixed pictures ", per_cent(half.of_pictures, 1), " %, mixed logits ",
           per_cent(half.of_logits, 1), " %, target ", per_cent(half.target, 1), " %."));
}

Html gap_chart(const Mixing& mixing) {
  double highest = 0;
  for (const MixingPoint& point : mixing.path) highest = std::max(highest, point.gap);
  return path_chart(
      mixing, {{"", "first", &MixingPoint::gap}}, 0, highest > 0 ? highest : 1,
      "mean |logit of mixture - mixed logit|",
      "Mean distance between the logits of mixed pictures and mixed logits; at most " +
          short_number(highest) + ".");
}

// In the order of Mixing::groups: names for the legend, and the style that every chart uses.
std::string style_of(const Mixing& mixing, std::size_t group) {
  const std::string& name = mixing.groups[group].name;
  return name == "pictures" ? "second" : name == "logits" ? "third" : name;
}

Html plane_chart(const Mixing& mixing) {
  std::vector<double> along[2];
  for (const LogitGroup& group : mixing.groups) {
    for (const auto& point : group.plane) {
      for (const std::size_t axis : {0U, 1U}) along[axis].push_back(point[axis]);
    }
  }
  const auto [left, right] = std::ranges::minmax(along[0]);
  const auto [low, high] = std::ranges::minmax(along[1]);
  const Scale x{left, right > left ? right : left + 1, 12, width - 12};
  const Scale y{low, high > low ? high : low + 1, height - 42, 44};
  Html out, names;
  double at = 12;
  for (std::size_t g = 0; g < mixing.groups.size(); ++g) {
    const LogitGroup& group = mixing.groups[g];
    const std::string style = "in-plane " + style_of(mixing, g);
    for (std::size_t i = 0; i < std::min(group.plane.size(), most_dots); ++i) {
      out += dot({x(group.plane[i][0]), y(group.plane[i][1])}, 2, style);
    }
    names += dot({at, 14}, 4, style) + label({at + 8, 18}, group.name, "tick");
    at += 34 + 7 * static_cast<double>(group.name.size());
  }
  return drawing(width, height,
                 "Logits of the four groups on the two principal axes; the axes show " +
                     per_cent(mixing.explained[0], 0) + " and " + per_cent(mixing.explained[1], 0) +
                     " % of the variance.",
                 out + names +
                     label({x.end, y.start + 32},
                           "axes: " + per_cent(mixing.explained[0], 0) + " and " +
                               per_cent(mixing.explained[1], 0) + " % of the variance",
                           "note", "end"));
}

Html distributions(const Mixing& mixing, std::vector<double> LogitGroup::*values,
                   const std::string& what) {
  std::vector<Distribution> parts;
  for (std::size_t g = 0; g < mixing.groups.size(); ++g) {
    parts.push_back({mixing.groups[g].name, style_of(mixing, g), mixing.groups[g].*values});
  }
  return density_chart(std::move(parts), "Distribution of the " + what + " of the four groups.")
      .chart;
}

Html mixing_figure(const std::string& caption, const Html& chart) {
  return tag("figure", tag("figcaption", caption) + chart);
}

Html panels(const Mixing& mixing) {
  return tag("div", {{"class", "panels"}},
             mixing_figure("Confidence along the way", confidence_chart(mixing)) +
                 mixing_figure("Linearity gap", gap_chart(mixing)) +
                 mixing_figure("Logits in their plane", plane_chart(mixing)) +
                 mixing_figure("Confidence",
                               distributions(mixing, &LogitGroup::confidence, "confidence")) +
                 mixing_figure("Norm of the logits",
                               distributions(mixing, &LogitGroup::norm, "L2 norms")));
}

}  // namespace

Html mixing_section(const Findings& findings) {
  const auto& all = findings.record().mixing;
  if (all.empty()) return {};
  Html out = tag(
      "p",
      text("What the network says between an ID picture x and an outlier o. Mixed pictures are its "
           "logits f(lambda x + (1 - lambda) o), mixed after normalisation; mixed logits are "
           "lambda f(x) + (1 - lambda) f(o); the target of methods that train on mixtures is the "
           "confidence lambda + (1 - lambda) / C. The gap is the mean distance between the two, "
           "over pairs and classes. Plane and distributions show ID and outliers alone and both "
           "mixtures at lambda = 1/2; the plane holds the principal axes of all four groups "
           "together. Confidence is the largest softmax."));
  for (const Mixing& mixing : all) {
    out += tag("h3", mixing.id + " with " + mixing.outliers);
    out += tag("p", text(thousands(mixing.pairs), " pairs, drawn without replacement by seed ",
                         mixing.seed, ".",
                         mixing.pairs > most_dots
                             ? text(" The plane shows the first ", most_dots, " of each group.")
                             : ""));
    out += panels(mixing);
  }
  return out;
}

}  // namespace nescio::report
