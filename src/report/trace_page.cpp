#include "report/trace_page.h"

#include <algorithm>

#include "base/numbers.h"
#include "base/text.h"
#include "report/findings.h"
#include "report/html_page.h"
#include "report/line_chart.h"

namespace nescio::report {
namespace {

using evaluation::TracedCheckpoint;
using evaluation::TracedDetector;
using evaluation::TracedMetric;

/// The place of a checkpoint on the horizontal axis.
using Coordinate = double (*)(const TracedCheckpoint& checkpoint);

double by_step(const TracedCheckpoint& c) { return static_cast<double>(c.step); }
double by_loss(const TracedCheckpoint& c) { return c.train_loss; }

LineSeries curve(const std::string& name, const std::string& style,
                 std::span<const TracedCheckpoint> checkpoints, Coordinate place,
                 const std::vector<double>& values, double factor = 100) {
  LineSeries out{name, style, {}};
  for (std::size_t c = 0; c < values.size(); ++c) {
    out.points.push_back({place(checkpoints[c]), factor * values[c]});
  }
  return out;
}

Html trace_figure(const Html& caption, const Html& chart) {
  if (chart.empty()) return {};
  return tag("figure", tag("figcaption", caption) + chart);
}

Html metric_charts(const TracedDetector& detector, const TracedMetric& metric,
                   std::span<const TracedCheckpoint> checkpoints,
                   const evaluation::TraceSettings& settings) {
  const std::string name = metric.metric->name;
  const auto chart = [&](const AxisInfo& axis, Coordinate place) {
    std::vector<LineSeries> series;
    for (const std::string& set : settings.test) {
      series.push_back(curve(set, "other", checkpoints, place, metric.sets.at(set)));
    }
    series.push_back(curve("validation", "second", checkpoints, place, metric.validation));
    series.push_back(curve("test, mean", "first", checkpoints, place, metric.test));
    return line_chart(series, axis, {name + ", %"},
                      text(name, " of ", detector.detector, " over ", axis.words),
                      LineMark{place(checkpoints[detector.chosen]), "chosen"});
  };
  return trace_figure(Html(detector.detector) + tag("small", name + " over steps"),
                      chart({"step"}, by_step)) +
         trace_figure(Html(detector.detector) + tag("small", name + " over training loss"),
                      chart({"cross-entropy of training pictures", true}, by_loss));
}

Html detection_section(const evaluation::Trace& trace,
                       std::span<const TracedCheckpoint> checkpoints,
                       const evaluation::TraceSettings& settings) {
  Html out =
      tag("p",
          "Grey: each OOD test set; blue: their mean; dashed: the mean over the validation sets, "
          "by which "
          "the marked checkpoint was chosen. Over training loss a run goes from right to left. "
          "Axes do not begin at 0.");
  for (const TracedDetector& detector : trace.detectors) {
    Html panels;
    for (const TracedMetric& metric : detector.metrics) {
      panels += metric_charts(detector, metric, checkpoints, settings);
    }
    out += tag("div", {{"class", "panels pairs"}}, panels);
  }
  return out;
}

Html training_section(std::span<const TracedCheckpoint> checkpoints) {
  std::vector<double> train_loss, id_loss, train_accuracy, id_accuracy;
  for (const TracedCheckpoint& c : checkpoints) {
    train_loss.push_back(c.train_loss), id_loss.push_back(c.id_loss);
    train_accuracy.push_back(c.train_accuracy), id_accuracy.push_back(c.id_accuracy);
  }
  const Html loss = line_chart({curve("training", "second", checkpoints, by_step, train_loss, 1),
                                curve("ID set", "first", checkpoints, by_step, id_loss, 1)},
                               {"step"}, {"cross-entropy", true}, "Loss over steps");
  const Html accuracy =
      line_chart({curve("training", "second", checkpoints, by_step, train_accuracy),
                  curve("ID set", "first", checkpoints, by_step, id_accuracy)},
                 {"step"}, {"accuracy, %"}, "Accuracy over steps");
  return tag("p", "Of the network in evaluation mode, training pictures without augmentation.") +
         tag("div", {{"class", "panels pairs"}},
             trace_figure("Loss", loss) + trace_figure("Accuracy", accuracy));
}

std::string interval(const metrics::Measurement& m) {
  if (!m.bounds) return signed_per_cent(m.value);
  return text(signed_per_cent(m.value), " [", signed_per_cent(m.bounds->lower), ", ",
              signed_per_cent(m.bounds->upper), "]");
}

std::string chance(const TracedMetric& metric) {
  if (metric.null.empty()) return {};
  double low = metric.null[0].value, high = low;
  for (const metrics::Measurement& m : metric.null) {
    low = std::min(low, m.value), high = std::max(high, m.value);
  }
  return signed_per_cent(low) + " to " + signed_per_cent(high);
}

Html found_section(const evaluation::Trace& trace, std::span<const TracedCheckpoint> checkpoints,
                   const evaluation::TraceSettings& settings) {
  const Html words = tag(
      "p", text("Difference: the mean of the last ", trace.late,
                " checkpoints less the chosen one, on the test sets (", join(settings.test),
                "), with its 95 % interval over rows. It was chosen by ", settings.choose->name,
                " on ", join(settings.validation),
                " alone, smoothed over three checkpoints. Chance: the same with each of the last ",
                trace.late,
                " in the place of the chosen one; a difference of that size says nothing about the "
                "middle of the run. The interval knows other pictures, not other seeds: "
                "one run proves nothing about training."));
  return words + to_html(trace_table(trace, checkpoints), "In per cent.");
}

}  // namespace

TextTable trace_table(const evaluation::Trace& trace,
                      std::span<const TracedCheckpoint> checkpoints) {
  TextTable table{.columns = {{"detector"},
                              {"metric"},
                              {"chosen step", true},
                              {"there", true},
                              {text("last ", trace.late), true},
                              {"difference", true},
                              {"chance", true}}};
  for (const TracedDetector& detector : trace.detectors) {
    for (const TracedMetric& metric : detector.metrics) {
      table.rows.push_back({detector.detector, metric.metric->name,
                            text(checkpoints[detector.chosen].step), per_cent(metric.chosen),
                            per_cent(metric.late), interval(metric.difference), chance(metric)});
    }
  }
  return table;
}

std::string trace_page(const std::string& run, const evaluation::Trace& trace,
                       std::span<const TracedCheckpoint> checkpoints,
                       const evaluation::TraceSettings& settings) {
  const TracedDetector& first = trace.detectors.front();
  const auto by = std::ranges::find(first.metrics, settings.choose, &TracedMetric::metric);
  const Html headlines =
      headline(text(checkpoints.size()), text("checkpoints, steps ", checkpoints.front().step,
                                              " to ", checkpoints.back().step)) +
      headline(text(checkpoints[first.chosen].step),
               text("is the step that validation OOD chooses for ", first.detector)) +
      headline(signed_per_cent(by->difference.value),
               text("points of ", settings.choose->name, " between the end and there"));
  return html_page("Trace of " + run, headlines,
                   {{"found", "What was found", "Is the middle better than the end?",
                     found_section(trace, checkpoints, settings)},
                    {"detection", "OOD detection", "OOD detection over the run",
                     detection_section(trace, checkpoints, settings)},
                    {"training", "Training", "What was learned", training_section(checkpoints)}});
}

}  // namespace nescio::report
