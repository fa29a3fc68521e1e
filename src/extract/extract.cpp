#include "extract/extract.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "base/error.h"
#include "base/row_argmax.h"
#include "base/version.h"
#include "extract/passes.h"

namespace nescio::extract {
namespace {

bool equal(const Array& a, const Array& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

std::string described(const nlohmann::json& identity) {
  return text(identity.value("network", "a network"), " with weights of SHA-256 ",
              identity.value("weights_sha256", "unknown"));
}

/// Gives the bank the network's last layer, unless it has that of another one.
void claim_head(bank::FeatureBank& bank, const Head& head, const nlohmann::json& ours,
                const std::string& remedy) {
  std::optional<Head> there;
  try {
    there = bank.head();
  } catch (const Error&) {
    // Damaged: written again like one that is missing.
  }
  if (!there) return bank.set_head(head, ours);
  if (equal(there->weight, head.weight) && equal(there->bias, head.bias)) return;
  fail("bank ", bank.path().string(), ": its head weight ", to_string(there->weight.shape()),
       " (file of SHA-256 ",
       bank.head_manifest().at("arrays").at("weight").value("sha256", "unknown"), ") is not the ",
       to_string(head.weight.shape()), " of ", described(ours), remedy);
}

/// Makes the bank the network's, unless it is another one's.
void claim_bank(bank::FeatureBank& bank, const runtime::Backbone& network) {
  const nlohmann::json ours = network.identity();
  const nlohmann::json theirs = bank.model();
  const std::string remedy = "; a bank holds one network, so use another bank=";
  if (!theirs.empty() && theirs.value("weights_sha256", "") != ours.value("weights_sha256", "")) {
    fail("bank ", bank.path().string(), ": belongs to ", described(theirs), ", found ",
         described(ours), remedy);
  }
  if (const auto head = network.head()) claim_head(bank, *head, ours, remedy);
  if (theirs != ours) bank.set_model(ours);
}

/// An array of the split, and how its rows come of a batch.
struct Column {
  bank::ArrayPlan plan;
  std::function<Array(const image::ImageBatch&, Pass&)> rows;  // [batch.count or more ...]
  const Probe* probe = nullptr;                                // that it is of
};

/// What the rows of the split are.
nlohmann::json rows_of(const image::Dataset& dataset, const std::string& data_spec) {
  nlohmann::json rows = {{"data", printable(data_spec)},  // as JSON gives it back, to be compared
                         {"data_sha256", dataset.hash()}};
  if (const auto names = dataset.class_names(); !names.empty()) rows["class_names"] = names;
  if (const auto skipped = dataset.skipped(); !skipped.empty()) rows["skipped"] = skipped.size();
  return rows;
}

/// What made an array that the network says.
nlohmann::json made_by(const runtime::Backbone& network) {
  nlohmann::json inputs = network.identity();
  inputs["program"] = version();
  return inputs;
}

/// Everything that is asked for. Refers to the probes.
std::vector<Column> all_columns(const runtime::Backbone& network,
                                const std::vector<NamedProbe>& probes,
                                const std::vector<std::size_t>& widths,
                                const std::map<std::string, nlohmann::json>& learned_from) {
  const nlohmann::json ours = made_by(network);
  const nlohmann::json program = {{"program", version()}};
  std::vector<Column> columns = {
      {{"logits", DType::float32, {network.classes()}, ours},
       [](const image::ImageBatch&, Pass& pass) { return pass.outputs().logits; }},
      {{"features", DType::float32, {network.feature_width()}, ours},
       [](const image::ImageBatch&, Pass& pass) { return pass.outputs().features; }},
      {{"labels", DType::int64, {}, program},
       [](const image::ImageBatch& batch, Pass&) { return Array({batch.count}, batch.labels); }},
      {{"index", DType::int64, {}, program},
       [](const image::ImageBatch& batch, Pass&) { return Array({batch.count}, batch.index); }}};
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const NamedProbe& named = probes[i];
    nlohmann::json inputs = ours;
    const auto learned = learned_from.find(named.name);
    if (learned != learned_from.end()) inputs["learned_from"] = learned->second;
    columns.push_back(
        {{named.name, DType::float32, {widths[i]}, inputs},
         [&probe = *named.probe](const image::ImageBatch&, Pass& pass) { return probe.run(pass); },
         named.probe.get()});
  }
  return columns;
}

bool is_imported(const bank::FeatureBank& bank, const std::string& split,
                 const std::string& array) {
  return bank.inputs(split, array).contains("import");
}

/// Whether the bank has the array from equal inputs, or an import has replaced it since.
bool is_there(const bank::FeatureBank& bank, const std::string& split,
              const bank::ArrayPlan& plan) {
  if (!bank.has(split, plan.name) || !bank.whole(split, plan.name)) return false;
  return is_imported(bank, split, plan.name) || bank.inputs(split, plan.name) == plan.inputs;
}

bool names_are_whole(const bank::FeatureBank& bank, const std::string& split) {
  try {
    bank.paths(split);
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// Arrays of the split that nobody asked for and that do not belong to the new ones: of other rows, or
/// said by this network under other conditions.
std::vector<std::string> out_of_date(const bank::FeatureBank& bank, const std::string& split,
                                     bool same_rows, const std::vector<Column>& all,
                                     const nlohmann::json& network) {
  std::vector<std::string> names;
  if (!bank.has(split)) return names;
  for (const std::string& name : bank.arrays(split)) {
    const auto is_asked = [&](const Column& column) { return column.plan.name == name; };
    nlohmann::json inputs = bank.inputs(split, name);
    inputs.erase("learned_from");
    const bool stays = same_rows && (!inputs.contains("weights_sha256") || inputs == network);
    if (!stays && std::ranges::none_of(all, is_asked)) names.push_back(name);
  }
  return names;
}

/// What is wrong with arrays of learning probes in other splits: they were made when the probe had
/// learned from other pictures.
Notices of_other_lessons(const bank::FeatureBank& bank, const std::string& split,
                         const std::map<std::string, nlohmann::json>& learned_from) {
  Notices notices;
  for (const auto& item : learned_from) {
    std::vector<std::string> old;
    for (const std::string& other : bank.splits()) {
      if (other == split || !bank.has(other, item.first)) continue;
      const nlohmann::json inputs = bank.inputs(other, item.first);
      if (inputs.value("learned_from", nlohmann::json()) != item.second) old.push_back(other);
    }
    if (old.empty()) continue;
    notices.push_back(
        text(item.first, " of ", join(old),
             " was made when the probe had learned from other pictures, and cannot be "
             "compared with that of ",
             split, "; extract it again"));
  }
  return notices;
}

/// Empty where no picture has a name.
std::vector<std::string> names_of(const image::Dataset& dataset) {
  std::vector<std::string> names(dataset.size());
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = dataset.name(i);
  const auto named = [](const std::string& name) { return !name.empty(); };
  if (std::ranges::none_of(names, named)) names.clear();
  return names;
}

/// Whether the labels are the network's classes, as far as names tell: they are the same, or one side
/// has none. A network without names can have those of data that has as many classes.
bool may_be_answers(const runtime::Backbone& network, const std::vector<std::string>& classes,
                    const std::vector<std::string>& names) {
  if (names.empty()) return true;
  const auto& known = classes.empty() ? network.class_names() : classes;
  return known.empty() ? names.size() == network.classes() : names == known;
}

std::optional<double> accuracy_of(const bank::FeatureBank& bank, const std::string& split) {
  const Array logits = bank.array(split, "logits");
  const Array labels = bank.array(split, "labels");
  const Array seen = row_argmax(logits);
  const auto classes = static_cast<std::int64_t>(logits.cols());
  std::size_t right = 0;
  for (std::size_t i = 0; i < logits.rows(); ++i) {
    const std::int64_t label = labels.as<std::int64_t>()[i];
    if (label < 0 || label >= classes) return std::nullopt;
    right += seen.as<std::int64_t>()[i] == label;
  }
  return static_cast<double>(right) / static_cast<double>(logits.rows());
}

}  // namespace

Extracted extract(const runtime::Backbone& network, const image::Dataset& dataset,
                  const std::string& data_spec, bank::FeatureBank& bank, const std::string& split,
                  const ExtractOptions& options) {
  const std::size_t rows = dataset.size();
  const std::vector<NamedProbe> probes = make_probes(options.probes);
  const nlohmann::json inputs = rows_of(dataset, data_spec);
  // A probe that the network cannot serve says so before anything is written.
  std::vector<std::size_t> widths;
  for (const NamedProbe& named : probes) widths.push_back(named.probe->width(network));
  claim_bank(bank, network);
  PassOptions passes{.batch = options.batch,
                     .workers = options.workers,
                     .progress = options.progress,
                     .doing = split};
  const auto learned_from = learn(probes, network, made_by(network), options.fit, bank, passes);
  const std::vector<Column> all = all_columns(network, probes, widths, learned_from);

  Extracted result{.rows = rows,
                   .classes = network.classes(),
                   .feature_width = network.feature_width(),
                   .skipped = dataset.skipped().size(),
                   .accuracy = {}};
  result.notices = of_other_lessons(bank, split, learned_from);
  for (const NamedProbe& named : probes) result.probes.push_back(named.name);
  const bool same_rows =
      bank.has(split) && bank.manifest(split).value("inputs", nlohmann::json()) == inputs;
  const bool names_stay = same_rows && names_are_whole(bank, split);
  std::vector<Column> missing;
  for (const Column& column : all) {
    const bool carries_names = column.plan.name == "index";
    if (same_rows && is_there(bank, split, column.plan) && (names_stay || !carries_names)) {
      result.there.push_back(column.plan.name);
      if (is_imported(bank, split, column.plan.name)) result.imported.push_back(column.plan.name);
    } else {
      missing.push_back(column);
    }
  }
  const bool answers = may_be_answers(network, options.class_names, dataset.class_names());
  if (missing.empty()) {
    if (answers) result.accuracy = accuracy_of(bank, split);
    return result;
  }

  std::vector<bank::ArrayPlan> plans;
  std::vector<const Probe*> looking;
  for (const Column& column : missing) {
    plans.push_back(column.plan);
    if (column.probe) looking.push_back(column.probe);
  }
  // What is known about the same pictures stays.
  bank::SplitWriter writer(bank, split, rows, plans, inputs,
                           same_rows ? bank::Rest::kept : bank::Rest::dropped);
  result.gone = out_of_date(bank, split, same_rows, all, made_by(network));
  writer.leave_out(result.gone);
  if (auto names = names_of(dataset); !names.empty()) writer.set_paths(std::move(names));
  result.rows_before = writer.done();
  passes.first = writer.done();
  passes.taps = taps_of(looking, network);
  run_passes(
      network, dataset, passes,
      [&](Pass& pass, const image::ImageBatch& batch) {
        std::vector<Array> found;
        for (const Column& column : missing) found.push_back(column.rows(batch, pass));
        return found;
      },
      [&](const std::vector<Array>& found, const image::ImageBatch& batch) {
        for (std::size_t c = 0; c < missing.size(); ++c) {
          // What fills up the batch is no row.
          writer.write(missing[c].plan.name, found[c].slice(0, batch.count));
        }
        writer.commit(batch.count);
      });
  writer.finish();
  if (answers) result.accuracy = accuracy_of(bank, split);
  return result;
}

}  // namespace nescio::extract
