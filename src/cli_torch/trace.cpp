// nescio trace RUN protocol=protocols/cifar10.yaml root=DIR out=OUT
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/memory.h"
#include "base/numbers.h"
#include "base/spec.h"
#include "base/typed_spec.h"
#include "base/within.h"
#include "cli/evaluation_run.h"
#include "cli/extraction.h"
#include "cli/network_verbs.h"
#include "cli/picture_log.h"
#include "cli/protocol_data.h"
#include "cli/verb.h"
#include "cli/versions.h"
#include "evaluation/trace.h"
#include "image/datasets/kept.h"
#include "image/datasets/renumbered.h"
#include "image/datasets/subset.h"
#include "io/csv.h"
#include "io/file.h"
#include "io/json_file.h"
#include "io/own_folder.h"
#include "io/safetensors.h"
#include "nn/model.h"
#include "report/trace_page.h"
#include "train/checkpoint.h"

namespace nescio::cli::network_verbs {
namespace {

namespace fs = std::filesystem;
using evaluation::TracedCheckpoint;

constexpr const char* training = "run/training";  // the split of the run's own pictures

/// Of a checkpoint: what it must be equal in to be taken from an earlier trace, and its measures.
struct Stored {
  nlohmann::json inputs;
  TracedCheckpoint found;
};

std::vector<std::string> joined(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

double number(const nlohmann::json& value) {  // JSON has no NaN
  return value.is_number() ? value.get<double>() : std::nan("");
}

void write_stored(const fs::path& path, const Stored& stored) {
  std::map<std::string, Array> scores;
  for (const auto& [place, values] : stored.found.scores) {
    scores.emplace(text(place.first, '\t', place.second), values);
  }
  const TracedCheckpoint& found = stored.found;
  const nlohmann::json measures = {found.train_loss, found.train_accuracy, found.id_loss,
                                   found.id_accuracy};
  io::write_safetensors(path, scores,
                        {{"nescio.trace", stored.inputs.dump()}, {"measures", measures.dump()}});
}

/// None if it is not there, damaged or of other inputs: then it is measured again.
std::optional<TracedCheckpoint> read_stored(const fs::path& path, std::int64_t step,
                                            const nlohmann::json& inputs) {
  try {
    if (!fs::exists(path)) return std::nullopt;
    const io::Safetensors file = io::read_safetensors(path);
    if (file.metadata.at("nescio.trace") != inputs.dump()) return std::nullopt;
    const auto measures = nlohmann::json::parse(file.metadata.at("measures"));
    TracedCheckpoint out{step, number(measures.at(0)), number(measures.at(1)),
                         number(measures.at(2)), number(measures.at(3))};
    for (const auto& [name, values] : file.tensors) {
      const auto tab = name.find('\t');
      out.scores.emplace(std::pair(name.substr(0, tab), name.substr(tab + 1)), values);
    }
    return out;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

class TraceVerb final : public Verb, public RoleOptions {
 public:
  std::string run_folder, protocol, root, split, out, detectors = "msp,energy", choose = "fpr95_id",
                                                      device = "auto";
  std::int64_t limit = 0, train_rows = 2000, bootstrap = 1000;
  std::optional<std::int64_t> batch;
  double memory = 4;

  void run(Console& console) override {
    keep_freed_memory();
    std::error_code not_there;
    if (fs::equivalent(out, run_folder, not_there)) {
      fail_usage("out=", out, ": the folder of the run is the run's; name another");
    }
    const auto specs = chosen_detectors();
    const evaluation::TraceSettings settings = trace_settings();
    const evaluation::Protocol plan = evaluation::read_protocol(
        protocol, {.root = root, .split = split, .roles = changed_roles()});
    check_roles(plan);
    const auto checkpoints = checkpoints_of_run();
    io::check_writable(out, "trace", "trace.json", {"trace.csv", "trace.html"});
    io::make_folders(fs::path(out) / "scores");
    const io::FolderLock lock(out, false);

    const nn::Model first = load(checkpoints.front().second);
    Datasets datasets = open(plan, first, console);
    evaluation::Roles roles = roles_of(plan);
    nlohmann::json inputs = {
        {"detectors", specs}, {"id", roles.id}, {"version", versions().front().second}};
    for (const auto& [name, dataset] : datasets) inputs["sets"][name] = dataset->hash();

    std::vector<TracedCheckpoint> found;
    for (const auto& [step, path] : checkpoints) {
      const nn::Model network = load(path);
      inputs["weights_sha256"] = network.weights_sha256();
      inputs["preprocessing"] = image::to_json(network.preprocessing());
      const fs::path stored = fs::path(out) / "scores" / path.filename();
      auto there = read_stored(stored, step, inputs);
      if (!there) {
        there = measure(network, step, datasets, plan, roles, specs, console);
        write_stored(stored, {inputs, *there});
      }
      console.log << "step " << step << ": training loss " << short_number(there->train_loss)
                  << ", ID accuracy " << short_number(there->id_accuracy) << '\n';
      found.push_back(std::move(*there));
    }
    evaluation::TraceSettings complete = settings;
    complete.id = roles.id;
    complete.validation = plan.roles.ood_val;
    complete.test = joined(plan.roles.near, plan.roles.far);
    const evaluation::Trace traced = evaluation::trace(found, complete);
    write(traced, found, complete, plan, console);
  }

 private:
  std::vector<std::string> chosen_detectors() const {
    EvaluationOptions options;
    options.detectors = detectors;
    const auto specs = evaluation_settings(options, seed).detectors;
    if (std::ranges::count(expand_list(detectors), "all") > 0) {
      fail_usage("trace: expected the names of detectors, found all");
    }
    return specs;
  }

  evaluation::TraceSettings trace_settings() const {
    evaluation::TraceSettings settings;
    as_usage([&] { settings.choose = &metrics::find_metric(choose); });
    if (!settings.choose->of_ranking || settings.choose->needs_answers) {
      fail_usage("choose=", choose, ": expected a metric of ID against OOD scores alone");
    }
    for (const char* name : {"auroc", "fpr95_id"}) {
      settings.metrics.push_back(&metrics::find_metric(name));
    }
    if (std::ranges::find(settings.metrics, settings.choose) == settings.metrics.end()) {
      settings.metrics.push_back(settings.choose);
    }
    settings.intervals.resamples = static_cast<std::size_t>(bootstrap);
    settings.intervals.seed = static_cast<std::uint64_t>(seed);
    return settings;
  }

  void check_roles(const evaluation::Protocol& plan) const {
    if (plan.roles.ood_val.empty()) {
      fail(protocol,
           " has no ood_val: name the OOD sets that a checkpoint is chosen by, "
           "ood_val=SET/SPLIT, which are no test sets");
    }
    evaluation::check_roles(plan.roles);
  }

  std::vector<std::pair<std::int64_t, fs::path>> checkpoints_of_run() const {
    if (!fs::exists(fs::path(run_folder) / "config.json")) {
      fail(run_folder,
           ": expected the folder of a run of `nescio train`, found no config.json in it");
    }
    auto all = train::CheckpointFolder(fs::path(run_folder) / "checkpoints").all();
    // The newest two always stay: one that lies a few steps before the end would count for an interval.
    const auto kept = train::kept_checkpoints(io::read_json(fs::path(run_folder) / "config.json")
                                                  .at("settings")
                                                  .value("keep_checkpoints", "2"));
    if (kept.every > 0 && !all.empty()) {
      const std::int64_t last = all.back().first;
      std::erase_if(all,
                    [&](const auto& c) { return c.first % kept.every != 0 && c.first != last; });
    }
    if (all.size() < 3) {
      fail(run_folder, ": expected checkpoints over the whole run, found ", all.size(),
           "; train with keep_checkpoints=every(N), N steps apart");
    }
    return all;
  }

  /// The checkpoint's own words about its network and pictures are used.
  nn::Model load(const fs::path& path) const {
    return within(text("checkpoint ", path.filename().string(), ": "), [&] {
      const auto facts = io::read_safetensors(path).metadata;
      const auto network = facts.find("nescio.network");
      if (network == facts.end()) {
        fail(
            "it does not say of which network it is; a version of this program before 28 November "
            "2026 wrote it");
      }
      // Beside the weights it holds the optimiser's numbers under the same names.
      const std::string spec = text(network->second, ':', path.string());
      return nn::Model::load(with_option(spec, "prefix", "network."), device);
    });
  }

  /// All sets with the run's own training pictures, thinned out, each decoded once for all checkpoints.
  Datasets open(const evaluation::Protocol& plan, const nn::Model& network,
                Console& console) const {
    const auto warn = [&](const std::string& sentence) { console.warn(sentence); };
    Datasets datasets = open_all(plan);
    match_classes(plan, datasets, network, warn);
    // What fitting needs is the run's own, for a network knows it by heart and not the protocol's.
    if (!plan.roles.train.empty()) datasets.erase(plan.roles.train);
    if (plan.roles.val != plan.roles.id) datasets.erase(plan.roles.val);
    const auto config = io::read_json(fs::path(run_folder) / "config.json");
    datasets[training] = within("the run's training pictures: ", [&] {
      return image::in_classes_of(
          network.class_names(), "the network",
          image::open_dataset(config.at("settings").at("data").get<std::string>()),
          image::LabelUse::answers, "data", warn);
    });
    const auto budget = std::make_shared<image::MemoryBudget>(
        static_cast<std::size_t>(memory * 1024 * 1024 * 1024));
    Sizes sizes;
    for (auto& [name, dataset] : datasets) {
      warn_of_pictures(*dataset, console);
      sizes[name] = dataset->size();
      const std::int64_t most = name == training ? train_rows : limit;
      if (most > 0) {
        dataset = image::evenly_spread(std::move(dataset), static_cast<std::size_t>(most));
      }
      console.log << name << ": " << dataset->size() << " of " << sizes[name] << " pictures\n";
      dataset = image::kept_in_memory(std::move(dataset), budget);
    }
    return datasets;
  }

  /// All OOD sets as one role; whose validation sets are is this verb's matter.
  static evaluation::Roles roles_of(const evaluation::Protocol& plan) {
    evaluation::Roles roles;
    roles.train = roles.val = training;
    roles.id = plan.roles.id;
    roles.far = joined(joined(plan.roles.ood_val, plan.roles.near), plan.roles.far);
    return roles;
  }

  TracedCheckpoint measure(const nn::Model& network, std::int64_t step, const Datasets& datasets,
                           const evaluation::Protocol& plan, const evaluation::Roles& roles,
                           const std::vector<std::string>& specs, Console& console) const {
    // Features of one checkpoint at a time lie on the disk.
    const fs::path folder = fs::path(out) / "scores" / "bank";
    fs::remove_all(folder);
    bank::FeatureBank features = bank::FeatureBank::open_or_create(folder);
    extract::ExtractOptions options;
    options.probes = needed_probes(detectors);
    options.progress = console.progress;
    if (batch) options.batch = static_cast<std::size_t>(*batch);
    options.fit.dataset = datasets.at(training).get();
    options.fit.spec = training;
    for (const auto& [name, dataset] : datasets) {
      const std::string& spec = name == training ? name : spec_of(plan, name);
      extract::extract(network, *dataset, spec, features, name, options);
    }
    TracedCheckpoint found{.step = step};
    const auto of_set = [&](const std::string& set) {
      return evaluation::loss_and_accuracy(features.array(set, "logits"),
                                           features.array(set, "labels"));
    };
    std::tie(found.train_loss, found.train_accuracy) = of_set(training);
    std::tie(found.id_loss, found.id_accuracy) = of_set(roles.id);
    evaluation::EvaluationSettings settings;
    settings.detectors = specs;
    settings.intervals.resamples = 0;
    evaluation::evaluate(
        features, roles, settings, console.progress,
        [&](const std::string& detector, const std::string& set, const Array& scores) {
          found.scores.emplace(std::pair(detector, set), scores);
        });
    fs::remove_all(folder);
    return found;
  }

  void write(const evaluation::Trace& traced, const std::vector<TracedCheckpoint>& found,
             const evaluation::TraceSettings& settings, const evaluation::Protocol& plan,
             Console& console) const {
    const fs::path folder = out;
    io::write_text(folder / "trace.csv", csv(traced, found, settings));
    nlohmann::ordered_json json = to_json(traced, found, settings);
    json["run"] = run_folder;
    json["command"] = console.command;
    json["protocol"] = evaluation::to_json(plan);
    io::write_text(folder / "trace.json", io::json_text(json));
    io::write_text(folder / "trace.html", report::trace_page(run_folder, traced, found, settings));
    if (console.json) {
      console.out << io::json_text(json);
    } else {
      console.out << report::to_text(report::trace_table(traced, found));
    }
    console.log << "wrote " << (folder / "trace.csv").string() << ", .json\n"
                << "the page is " << (folder / "trace.html").string() << '\n';
  }

  static std::string csv(const evaluation::Trace& traced,
                         const std::vector<TracedCheckpoint>& found,
                         const evaluation::TraceSettings& settings) {
    std::string rows = io::csv_row({"step", "detector", "set", "role", "metric", "value"});
    const auto add = [&](std::size_t c, const std::string& detector, const std::string& set,
                         const std::string& role, const std::string& metric, double value) {
      rows += io::csv_row({text(found[c].step), detector, set, role, metric, format_number(value)});
    };
    for (std::size_t c = 0; c < found.size(); ++c) {
      add(c, "", training, "train", "loss", found[c].train_loss);
      add(c, "", training, "train", "accuracy", found[c].train_accuracy);
      add(c, "", settings.id, "id", "loss", found[c].id_loss);
      add(c, "", settings.id, "id", "accuracy", found[c].id_accuracy);
      for (const evaluation::TracedDetector& d : traced.detectors) {
        for (const evaluation::TracedMetric& m : d.metrics) {
          for (const auto& [set, values] : m.sets) {
            const bool test = std::ranges::find(settings.test, set) != settings.test.end();
            add(c, d.detector, set, test ? "test" : "validation", m.metric->name, values[c]);
          }
        }
      }
    }
    return rows;
  }

  static nlohmann::ordered_json to_json(const metrics::Measurement& m) {
    nlohmann::ordered_json json = {{"value", m.value}};
    if (m.bounds) json["interval"] = {m.bounds->lower, m.bounds->upper};
    return json;
  }

  static nlohmann::ordered_json to_json(const evaluation::Trace& traced,
                                        const std::vector<TracedCheckpoint>& found,
                                        const evaluation::TraceSettings& settings) {
    nlohmann::ordered_json json = {{"chosen_by", settings.choose->name},
                                   {"validation", settings.validation},
                                   {"test", settings.test},
                                   {"late", traced.late}};
    for (const TracedCheckpoint& c : found) {
      json["checkpoints"].push_back({{"step", c.step},
                                     {"train_loss", c.train_loss},
                                     {"train_accuracy", c.train_accuracy},
                                     {"id_loss", c.id_loss},
                                     {"id_accuracy", c.id_accuracy}});
    }
    for (const evaluation::TracedDetector& d : traced.detectors) {
      nlohmann::ordered_json of = {{"chosen_step", found[d.chosen].step}};
      for (const evaluation::TracedMetric& m : d.metrics) {
        nlohmann::ordered_json& metric = of["metrics"][m.metric->name];
        metric = {{"test", m.test},
                  {"validation", m.validation},
                  {"chosen", m.chosen},
                  {"late", m.late},
                  {"late_less_chosen", to_json(m.difference)}};
        for (const metrics::Measurement& chance : m.null) {
          metric["chance"].push_back(to_json(chance));
        }
      }
      json["detectors"][d.detector] = std::move(of);
    }
    return json;
  }
};

}  // namespace

VerbInfo trace() {
  using V = TraceVerb;
  VerbInfo info{
      .name = "trace",
      .summary = network_verb_summary("trace"),
      .positional = "run",
      .details =
          {"Evaluates every checkpoint that a run has kept (`nescio train "
           "keep_checkpoints=every(N)`) on the sets of a protocol, and asks whether one from the "
           "middle of training detects OOD better than the end. It is chosen on the protocol's "
           "ood_val sets alone, smoothed over three checkpoints, and compared on the test sets "
           "with the mean of the last five: the best of many noisy test values would always win.",
           "Training loss is that of the run's own pictures, in evaluation mode and without "
           "augmentation; detectors that are fitted are fitted on them. Of a run with ema= the "
           "weights themselves are measured, not their mean.",
           "Writes OUT/trace.csv, trace.json, trace.html, and the scores of each checkpoint in "
           "OUT/scores/: what was interrupted goes on with the same command. Pictures are "
           "decoded once for all checkpoints as far as memory= allows."},
      .examples = {"nescio trace RUN protocol=protocols/cifar10.yaml root=DIR out=OUT limit=2000"},
      .options =
          {option(&V::run_folder, {.name = "run", .doc = "folder of the run", .required = true}),
           option(&V::protocol,
                  {.name = "protocol", .doc = ".yaml file of the protocol", .required = true}),
           option(&V::root,
                  {.name = "root", .doc = "folder of the data sets, {root} in the protocol"}),
           option(&V::split, {.name = "split",
                              .doc = "which division of the classes, for protocols with several"}),
           option(
               &V::detectors,
               {.name = "detectors", .doc = "specs separated by commas", .names = {"detectors"}}),
           option(&V::out, {.name = "out", .doc = "folder for the results", .required = true}),
           option(&V::limit, {.name = "limit",
                              .doc = "pictures of each set, evenly spread over it; 0: all",
                              .min = 0,
                              .max = 1e12}),
           option(&V::train_rows, {.name = "train_rows",
                                   .doc = "the same of the run's training pictures",
                                   .min = 0,
                                   .max = 1e12}),
           option(&V::choose, {.name = "choose",
                               .doc = "metric on validation OOD that a checkpoint is chosen by",
                               .names = {"metrics"}}),
           option(&V::bootstrap,
                  {.name = "bootstrap",
                   .doc = "resamples for the intervals; 0 leaves out those that need "
                          "them",
                   .min = 0,
                   .max = 1e6}),
           option(&V::memory, {.name = "memory",
                               .doc = "for decoded pictures; those without room are decoded for "
                                      "each checkpoint",
                               .unit = "GiB",
                               .min = 0,
                               .max = 1e6}),
           option(&V::batch, batch_info()), option(&V::device, device_info())},
      .json = true};
  for (auto& shared : role_options<V>()) info.options.push_back(std::move(shared));
  return describe_verb<V>(std::move(info));
}

}  // namespace nescio::cli::network_verbs
