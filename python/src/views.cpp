#include "views.h"

#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <set>

#include "arrays.h"
#include "banks.h"
#include "base/error.h"
#include "base/spec.h"
#include "base/text.h"
#include "bindings.h"
#include "detectors/chain.h"
#include "detectors/grid.h"
#include "evaluation/ensemble.h"
#include "evaluation/evaluate.h"
#include "evaluation/imported.h"
#include "evaluation/members.h"
#include "evaluation/protocol.h"
#include "runs.h"

namespace nescio::python {
namespace {

using evaluation::Roles;

using HeadArrays = std::optional<std::pair<AnyArray, AnyArray>>;
using Splits = std::map<std::string, ArraysByName>;
using Names = std::vector<std::string>;

/// Splits of arrays; all of them are of one network, with this head. Those that will be read (all, where it is not said which)
/// are checked for NaN and infinity, and once if they lie in one place, for that takes as long as reading them.
Views views_of(const Splits& splits, const HeadArrays& head, const Names& class_names,
               const std::optional<Names>& read) {
  std::optional<Head> last_layer;
  if (head) last_layer = Head{copied(to_array(head->first)), copied(to_array(head->second))};
  Views out;
  std::map<std::string, std::map<std::string, Array>> arrays;
  for (const auto& [split, of_split] : splits) arrays.emplace(split, to_arrays(of_split));
  const Computing computing;
  std::vector<bank::BankView> views;
  std::set<std::pair<const void*, Shape>> checked;
  if (last_layer) {
    require_finite("head weight", last_layer->weight);
    require_finite("head bias", last_layer->bias);
  }
  for (const auto& [split, of_split] : arrays) {
    for (const auto& [name, array] : of_split) {
      const bool is_read = !read || std::ranges::find(*read, name) != read->end();
      if (is_read && checked.emplace(array.data(), array.shape()).second) {
        require_finite(text(split, ": ", name), array);
      }
      out.borrowed.push_back(array);
    }
    views.push_back(bank::view_of(split, of_split, last_layer));
    views.back().class_names = class_names;
  }
  out.views = bank::BankViews(std::move(views));
  return out;
}

/// Each spec without lists once. `all` stands for every detector; those that cannot be fitted are left out, but not
/// those that are named.
struct Asked {
  Names specs;
  std::set<std::string> named;
  bool all = false;
};

Asked expanded(const Names& lists, bool sweep) {
  Asked out;
  const auto add = [&](const std::string& spec) {
    if (std::ranges::find(out.specs, spec) == out.specs.end()) out.specs.push_back(spec);
  };
  for (const std::string& list : lists) {
    for (const std::string& one : sweep ? split_top_level(list) : expand_list(list)) {
      if (one == "all") {
        out.all = true;
        for (const std::string& spec : detectors::all_specs()) add(spec);
        continue;
      }
      const bool is_detector = !evaluation::imported_name(one) && !evaluation::is_ensemble(one);
      const std::string spec =
          sweep && is_detector ? detectors::grid_of(one).asked : evaluation::spec_of_scores(one);
      add(spec);
      out.named.insert(spec);
    }
  }
  if (out.specs.empty()) fail("no detector is named; give specs as 'knn(k=50)', or 'all'");
  return out;
}

/// An Error for the first of those left out that was named.
void check_skipped(const std::vector<detectors::Skipped>& skipped,
                   const std::set<std::string>& named) {
  for (const detectors::Skipped& one : skipped) {
    if (named.contains(one.detector)) {
      fail("[", one.detector, "] cannot be fitted: ", one.reason);
    }
  }
}

/// The scores of many detectors on splits, by split and detector, from one program; those left out with the reason.
nb::object score_many(const Views& data, const std::string& train, const std::string& val,
                      const Names& ood_val, const Names& scored, const Names& lists) {
  std::map<std::string, std::map<std::string, Array>> scores;
  std::vector<std::pair<std::string, std::string>> skipped;
  Notices notices;
  {
    const Computing computing;
    const Asked asked = expanded(lists, false);
    for (const std::string& split : scored) data.views.at(split);
    const evaluation::Members members(data.views, {train, val, ood_val}, asked.specs,
                                      {.scored = scored, .skip_unavailable = asked.all});
    Names fitted;
    std::vector<detectors::Skipped> left_out;
    for (const std::string& spec : asked.specs) {
      if (members.has(spec)) {
        fitted.push_back(spec);
      } else {
        left_out.push_back({spec, members.why_not(spec)});
      }
    }
    const auto of_all = members.score(fitted, scored);
    for (std::size_t d = 0; d < fitted.size(); ++d) {
      if (!of_all[d].fault.empty()) {
        left_out.push_back({fitted[d], of_all[d].fault});
        continue;
      }
      for (std::size_t s = 0; s < scored.size(); ++s) {
        scores[scored[s]].emplace(fitted[d], of_all[d].sets[s]);
      }
    }
    check_skipped(left_out, asked.named);
    for (const auto& one : left_out) skipped.emplace_back(one.detector, one.reason);
    notices = members.notices(fitted);
  }
  nb::dict by_split;
  for (const auto& [split, of_split] : scores) {
    nb::dict by_detector;
    for (const auto& [detector, array] : of_split) {
      by_detector[detector.c_str()] = to_numpy(array);
    }
    by_split[split.c_str()] = by_detector;
  }
  return nb::make_tuple(by_split, skipped, notices);
}

struct Measuring {
  Names metrics;
  std::size_t resamples;
  std::uint64_t seed;
  bool sweep;
};

Run evaluate_views(const Views& data, const Roles& roles, const Names& lists,
                   const Measuring& how) {
  const Computing computing;
  const Asked asked = expanded(lists, how.sweep);
  evaluation::EvaluationSettings settings;
  settings.detectors = asked.specs;
  settings.sweep = how.sweep;
  settings.skip_unavailable = asked.all;
  settings.metrics = metrics::standard_metrics(how.metrics);
  settings.intervals.resamples = how.resamples;
  settings.intervals.seed = how.seed;
  const evaluation::Evaluated whole = evaluation::full_spectrum(data.views, roles);
  Run run{.data = {whole.bank, data.borrowed}, .roles = whole.roles, .record = {}};
  run.record.results = evaluation::evaluate(
      whole.bank, whole.roles, settings, {},
      [&](const std::string& detector, const std::string& set, const Array& scores) {
        run.record.scores.emplace(std::pair(detector, set), scores);
      });
  check_skipped(run.record.results.skipped, asked.named);
  return run;
}

Roles roles_of(const std::map<std::string, Names>& by_name) {
  Roles roles;
  const auto one = [&](const char* role, std::string& split) {
    const auto found = by_name.find(role);
    if (found != by_name.end() && !found->second.empty()) split = found->second.front();
  };
  const auto several = [&](const char* role, Names& splits) {
    const auto found = by_name.find(role);
    if (found != by_name.end()) splits = found->second;
  };
  one("train", roles.train);
  one("val", roles.val);
  one("id", roles.id);
  several("shifted", roles.shifted);
  several("near", roles.near);
  several("far", roles.far);
  several("ood_val", roles.ood_val);
  return roles;
}

/// The roles of a protocol file, whose sets must be in the bank.
std::map<std::string, Names> protocol_roles(const std::string& path, const std::string& split) {
  const auto protocol = evaluation::read_protocol(path, {.root = "{root}", .split = split});
  const Roles& roles = protocol.roles;
  const auto one = [](const std::string& name) { return name.empty() ? Names{} : Names{name}; };
  return {{"train", one(roles.train)}, {"val", one(roles.val)}, {"id", one(roles.id)},
          {"shifted", roles.shifted},  {"near", roles.near},    {"far", roles.far},
          {"ood_val", roles.ood_val}};
}

}  // namespace

void bind_views(nb::module_& m) {
  nb::class_<Views>(m, "Views")
      .def("names",
           [](const Views& v) {
             Names names;
             for (const auto& [name, view] : v.views) names.push_back(name);
             return names;
           })
      .def("rows", [](const Views& v, const std::string& split) { return v.views.at(split).rows; });
  m.def("views_of", &views_of, nb::arg("splits"), nb::arg("head").none(), nb::arg("class_names"),
        nb::arg("read") = nb::none());
  m.def("views_of_bank", [](const Bank& bank) { return Views{bank::BankViews(bank.bank)}; });
  m.def("score_many", &score_many);
  m.def("protocol_roles", &protocol_roles);
  m.def("evaluate_views",
        [](const Views& data, const std::map<std::string, Names>& roles, const Names& lists,
           const Names& metrics, std::size_t resamples, std::uint64_t seed, bool sweep) {
          return evaluate_views(data, roles_of(roles), lists, {metrics, resamples, seed, sweep});
        });
}

}  // namespace nescio::python
