// nescio benchmark protocols/cifar10.yaml model=resnet20:PATH.th root=DIR out=RUN
#include <algorithm>
#include <filesystem>
#include <ostream>

#include "base/numbers.h"
#include "base/spec.h"
#include "cli/backbone.h"
#include "cli/evaluation_run.h"
#include "cli/extraction.h"
#include "cli/mixing.h"
#include "cli/picture_log.h"
#include "cli/protocol_data.h"
#include "evaluation/imported.h"
#include "evaluation/protocol.h"
#include "io/file.h"
#include "io/json_file.h"
#include "io/own_folder.h"

namespace nescio::cli::verbs {

VerbInfo benchmark();

namespace {

namespace fs = std::filesystem;

void check_bank(const evaluation::Protocol& protocol, const bank::FeatureBank& bank) {
  std::vector<std::string> missing;
  for (const evaluation::ProtocolSet& set : protocol.sets) {
    if (!bank.has(set.name)) missing.push_back(set.name);
  }
  if (!missing.empty()) {
    fail("bank ", bank.path().string(), " lacks ", join(missing),
         "; extract them with model=NETWORK:WEIGHTS, or bring them with `nescio import`");
  }
}

class Benchmark final : public Verb, public EvaluationOptions, public RoleOptions {
 public:
  std::string protocol, model, root, data, split, bank, probes = "auto", taps;
  std::optional<std::int64_t> batch;
  std::int64_t mixing = 0;

  void run(Console& console) override {
    // A mistake in a spec comes before hours of work.
    const evaluation::EvaluationSettings settings = evaluation_settings(*this, seed);
    if (mixing > 0 && model.empty()) fail_usage("benchmark: mixing= needs model=");
    if (!root.empty() && !data.empty()) {
      fail_usage("benchmark: root= and data= are the same; give root=");
    }
    check_out();
    // A bank that has everything needs no pictures, so their folder may stay unknown.
    const bool extracts = !model.empty();
    const std::string pictures = root.empty() ? data : root;
    const evaluation::Protocol plan = evaluation::read_protocol(
        protocol, {.root = pictures.empty() && !extracts ? std::string("{root}") : pictures,
                   .split = split,
                   .roles = changed_roles()});
    check_needs(settings, plan.roles, 1);
    const fs::path folder = bank.empty() ? fs::path(out) / "bank" : fs::path(bank);
    std::vector<report::Mixing> mixed;
    const bank::FeatureBank features =
        extracts ? extract(plan, folder, mixed, console) : bank::FeatureBank::open(folder);
    if (!extracts) {
      check_bank(plan, features);
      say_shared_classes(features, plan.roles, console);
    }

    Sizes sizes;
    nlohmann::json resolved = evaluation::to_json(plan);
    for (const evaluation::ProtocolSet& set : plan.sets) {
      resolved["sets"][set.name]["rows"] = sizes[set.name] = features.rows(set.name);
    }
    if (!extracts) say_sizes(plan, sizes, console.log);
    run_evaluation(
        {features}, plan.roles, *this, seed,
        {{"settings", settings_json(benchmark(), *this)}, {"protocol", resolved}}, console,
        std::move(mixed),
        {{"protocol.yaml", io::read_text(protocol)}, {"protocol.json", io::json_text(resolved)}});
  }

 private:
  // The protocol may lie where its copy shall.
  void check_out() const {
    std::vector<std::string> files = {"protocol.json"};
    std::error_code not_there;
    if (!fs::equivalent(protocol, fs::path(out) / "protocol.yaml", not_there)) {
      files.emplace_back("protocol.yaml");
    }
    io::check_writable(out, "run", "results.json", files);
  }

  bank::FeatureBank extract(const evaluation::Protocol& plan, const fs::path& folder,
                            std::vector<report::Mixing>& mixed, const Console& console) const {
    const auto network = load_backbone(plan.model_spec(model), device);
    for (const std::string& notice : network->notices()) console.warn(notice);
    Datasets datasets = open_all(plan);
    Sizes sizes;
    for (const auto& [name, dataset] : datasets) sizes[name] = dataset->size();
    say_sizes(plan, sizes, console.log);
    match_classes(plan, datasets, *network,
                  [&](const std::string& sentence) { console.warn(sentence); });
    bank::FeatureBank features = bank::FeatureBank::open_or_create(folder);
    extract::ExtractOptions options;
    options.progress = console.progress;
    if (batch) options.batch = static_cast<std::size_t>(*batch);
    if (const auto& train_set = plan.roles.train; !train_set.empty()) {
      options.fit.dataset = datasets.at(train_set).get();
      options.fit.spec = spec_of(plan, train_set);
    }
    const std::vector<std::string> in_distribution = id_splits(plan.roles);
    for (const evaluation::ProtocolSet& set : plan.sets) {
      const image::Dataset& dataset = *datasets.at(set.name);
      warn_of_pictures(dataset, console);
      options.probes = probes_for(set.name == plan.roles.train ? "train" : "");
      extract::Extracted done =
          nescio::extract::extract(*network, dataset, set.data, features, set.name, options);
      const auto accuracy = std::exchange(done.accuracy, std::nullopt);
      say_what_was_there(done, features, set.name, console);
      if (!done.was_there()) say_rows(done, set.name, console.log);
      const bool known = std::ranges::find(in_distribution, set.name) != in_distribution.end();
      if (accuracy && known) {
        console.log << set.name << ": accuracy " << short_number(*accuracy) << '\n';
      }
    }
    if (mixing > 0) mixed = mix(plan.roles, datasets, *network, console);
    return features;
  }

  // Training rows, the largest set of most protocols, are fitted on and never scored.
  std::vector<std::string> probes_for(std::string_view fitted_on) const {
    return as_usage([&] {
      return with_taps(
          probes == "auto" ? needed_probes(detectors, sweep, fitted_on) : expand_list(probes),
          taps);
    });
  }

  // The ID set with each near set, or with the far ones where there is none.
  std::vector<report::Mixing> mix(const evaluation::Roles& roles, const Datasets& datasets,
                                  const runtime::Backbone& network, const Console& console) const {
    const std::string role = roles.near.empty() ? "far" : "near";
    std::vector<report::Mixing> out;
    for (const std::string& split : role == "near" ? roles.near : roles.far) {
      out.push_back(measure_mixing(network, *datasets.at(roles.id), *datasets.at(split),
                                   static_cast<std::size_t>(mixing),
                                   static_cast<std::uint64_t>(seed), role, console.progress));
      out.back().id = roles.id;
      out.back().outliers = split;
    }
    return out;
  }
};

}  // namespace

VerbInfo benchmark() {
  const When<Benchmark> extracting = {"model=",
                                      [](const Benchmark& b) { return !b.model.empty(); }};
  const When<Benchmark> computing = {"model= or executor=torch", [](const Benchmark& b) {
                                       return !b.model.empty() || b.executor == "torch";
                                     }};
  VerbInfo info{
      .name = "benchmark",
      .summary = "Carry out a protocol: extract its data sets, evaluate detectors, write results.",
      .positional = "protocol",
      .details =
          {"A protocol is a YAML file that names data sets and their roles; protocols/ has some. "
           "{root} in it stands for the folder root=. All data sets are opened and their sizes "
           "compared with the protocol's before the work begins; only what the bank does not have "
           "from the same weights, data and preprocessing is extracted.",
           "What was interrupted goes on where it stopped when the same command is given again.",
           "Without model= the bank must have every set already (`nescio extract`, `nescio "
           "import`); that needs no libtorch.",
           "Writes RUN/results.csv, .json and .md, a copy of the protocol, and protocol.json: the "
           "same with every spec and size as it was used; with mixing= also mixing.json."},
      .examples = {"nescio benchmark protocols/cifar10.yaml model=resnet20:resnet20.th root=DIR "
                   "out=RUN",
                   "nescio benchmark protocols/cifar10.yaml bank=BANK out=RUN "
                   "'detectors=knn(k=[10,50]),energy'",
                   "nescio benchmark protocols/openood_cifar10.yaml bank=BANK sweep=true out=RUN"},
      .options =
          {option(&Benchmark::protocol,
                  {.name = "protocol", .doc = ".yaml file of the protocol", .required = true}),
           option(&Benchmark::model, model_info()),
           option(&Benchmark::root,
                  {.name = "root", .doc = "folder of the data sets, {root} in the protocol"}),
           option(&Benchmark::data,
                  {.name = "data", .doc = "what root= was called before; still taken"}),
           option(&Benchmark::split,
                  {.name = "split",
                   .doc = "which division of the classes, for protocols with several"}),
           option(&Benchmark::bank,
                  {.name = "bank", .doc = "folder of the bank; RUN/bank if not given"}),
           option(&Benchmark::probes,
                  {.name = "probes",
                   .doc = "specs of probes, separated by commas; auto: what the detectors "
                          "that are named need, with sweep=true in all settings, none for all",
                   .names = {"probes"}},
                  extracting),
           option(&Benchmark::taps, taps_info(), extracting),
           option(&Benchmark::batch, batch_info(), extracting),
           option<Benchmark, std::string>(
               &Benchmark::device,
               {.name = "device",
                .doc = device_info().doc + ", of the network and of executor=torch"},
               computing),
           option(&Benchmark::mixing,
                  {.name = "mixing",
                   .doc = "pairs of an ID and a near picture whose mixtures the report shows: "
                          "confidence, linearity, logits; 11 passes of the network each",
                   .min = 0,
                   .max = 1e6})},
      .json = true};
  for (auto& shared : role_options<Benchmark>()) info.options.push_back(std::move(shared));
  for (auto& shared : evaluation_options<Benchmark>()) info.options.push_back(std::move(shared));
  return describe_verb<Benchmark>(std::move(info));
}

}  // namespace nescio::cli::verbs
