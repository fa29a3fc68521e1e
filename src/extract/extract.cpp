#include "extract/extract.h"

#include <algorithm>
#include <map>

#include "bank/answers.h"
#include "base/error.h"
#include "base/given_alike.h"
#include "base/row_argmax.h"
#include "base/version.h"
#include "extract/answer_columns.h"
#include "runtime/other_tensors.h"

namespace nescio::extract {
namespace {

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
  if (same_bits(there->weight, head.weight) && same_bits(there->bias, head.bias)) return;
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
  if (!theirs.empty() && (runtime::other_tensors(theirs, ours) ||
                          theirs.value("weights_sha256", "") != ours.value("weights_sha256", ""))) {
    fail("bank ", bank.path().string(), ": belongs to ", described(theirs), ", found ",
         described(ours), remedy);
  }
  if (const auto head = network.head()) claim_head(bank, *head, ours, remedy);
  if (theirs != ours) bank.set_model(ours);
}

/// What made an array that the network says.
nlohmann::json made_by(const runtime::Backbone& network) {
  nlohmann::json inputs = network.identity();
  inputs["program"] = version();
  return inputs;
}

/// What the bank holds beside splits comes from the first process; the others read it there.
std::map<std::string, nlohmann::json> claim_and_learn(const std::vector<NamedProbe>& probes,
                                                      const runtime::Backbone& network,
                                                      const FitPictures& pictures,
                                                      bank::FeatureBank& bank,
                                                      const PassOptions& passes,
                                                      Communicator& processes) {
  std::map<std::string, nlohmann::json> learned_from;
  for (const bool is_turn_of_first : {true, false}) {
    if (processes.is_first() == is_turn_of_first) {
      if (!is_turn_of_first) bank = bank::FeatureBank::open(bank.path());
      claim_bank(bank, network);
      learned_from = learn(probes, network, made_by(network), pictures, bank, passes);
    }
    processes.wait_for_all();
  }
  return learned_from;
}

/// What the rows of the split are.
nlohmann::json rows_of(const image::Dataset& dataset, const std::string& data_spec) {
  nlohmann::json rows = {{"data", printable(data_spec)},  // as JSON gives it back, to be compared
                         {"data_sha256", dataset.hash()}};
  if (const auto names = dataset.class_names(); !names.empty()) rows["class_names"] = names;
  if (const auto skipped = dataset.skipped(); !skipped.empty()) rows["skipped"] = skipped.size();
  return rows;
}

/// One array.
template <class F>
Column column(bank::ArrayPlan plan, const F& rows, const Probe* probe = nullptr) {
  return {.plans = {std::move(plan)},
          .rows = [rows](const image::ImageBatch& batch,
                         Pass& pass) { return std::vector<Array>{rows(batch, pass)}; },
          .probe = probe};
}

/// What the data say of the rows.
std::vector<Column> row_columns() {
  const nlohmann::json program = {{"program", version()}};
  return {column({"labels", DType::int64, {}, program},
                 [](const image::ImageBatch& batch, Pass&) {
                   return Array({batch.count}, batch.labels);
                 }),
          column({"index", DType::int64, {}, program}, [](const image::ImageBatch& batch, Pass&) {
            return Array({batch.count}, batch.index);
          })};
}

/// What the network and its probes say. Refers to the probes.
std::vector<Column> network_columns(const runtime::Backbone& network,
                                    const std::vector<NamedProbe>& probes,
                                    const std::map<std::string, nlohmann::json>& learned_from) {
  const nlohmann::json ours = made_by(network);
  std::vector<Column> columns = {
      column({"logits", DType::float32, {network.classes()}, ours},
             [](const image::ImageBatch&, Pass& pass) { return pass.outputs().logits; }),
      column({"features", DType::float32, {network.feature_width()}, ours},
             [](const image::ImageBatch&, Pass& pass) { return pass.outputs().features; })};
  for (const NamedProbe& named : probes) {
    nlohmann::json inputs = ours;
    const auto learned = learned_from.find(named.name);
    if (learned != learned_from.end()) inputs["learned_from"] = learned->second;
    columns.push_back(column(
        {named.name, DType::float32, {named.probe->width(network)}, inputs},
        [&probe = *named.probe](const image::ImageBatch&, Pass& pass) { return probe.run(pass); },
        named.probe.get()));
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
                                     bool same_rows, const std::vector<std::string>& asked,
                                     const nlohmann::json& network, const nlohmann::json& answers) {
  std::vector<std::string> names;
  if (!bank.has(split)) return names;
  for (const std::string& name : bank.arrays(split)) {
    nlohmann::json inputs = bank.inputs(split, name);
    inputs.erase("learned_from");
    // Answers to views that were changed otherwise would not go with the new ones.
    const bool others =
        inputs.contains("answers") && !answers.is_null() && inputs["answers"] != answers;
    inputs.erase("answers");
    const bool stays =
        same_rows && !others && (!inputs.contains("weights_sha256") || inputs == network);
    if (!stays && std::ranges::find(asked, name) == asked.end()) names.push_back(name);
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

std::optional<double> accuracy_of(const bank::FeatureBank& bank, const std::string& split,
                                  std::size_t classes, bool answering) {
  const Array labels = bank.array(split, "labels");
  const auto all = labels.as<std::int64_t>();
  if (std::ranges::any_of(
          all, [&](std::int64_t y) { return y < 0 || static_cast<std::size_t>(y) >= classes; })) {
    return std::nullopt;
  }
  if (answering) return bank::facts_of(bank::Answers(bank, split), all).accuracy;
  const Array seen = row_argmax(bank.array(split, "logits"));
  std::size_t right = 0;
  for (std::size_t i = 0; i < all.size(); ++i) right += seen.as<std::int64_t>()[i] == all[i];
  return static_cast<double>(right) / static_cast<double>(all.size());
}

/// One pass over some of the pictures for some of the columns, which see the same view of them.
void extract_rows(const runtime::Backbone& network, const image::Dataset& dataset,
                  const PassOptions& passes, const std::vector<Column>& columns,
                  bank::SplitWriter& writer) {
  writer.go_to(passes.first);
  run_passes(
      network, dataset, passes,
      [&](Pass& pass, const image::ImageBatch& batch) {
        std::vector<Array> found;
        for (const Column& column : columns) {
          for (const Array& array : column.rows(batch, pass)) found.push_back(array);
        }
        return found;
      },
      [&](const std::vector<Array>& found, const image::ImageBatch& batch) {
        auto array = found.begin();
        for (const Column& column : columns) {
          // What fills up the batch is no row.
          for (const bank::ArrayPlan& plan : column.plans) {
            writer.write(plan.name, (array++)->slice(0, batch.count));
          }
        }
        writer.commit(batch.count);
      });
}

/// Those that are missing; of several processes each takes its share.
void extract_view(const runtime::Backbone& network, const image::Dataset& dataset,
                  PassOptions passes, const std::vector<Column>& columns,
                  bank::SplitWriter& writer) {
  for (const Share& rows : writer.own_rows(passes.batch.value_or(default_batch(network)))) {
    passes.first = rows.first;
    passes.end = rows.first + rows.count;
    extract_rows(network, dataset, passes, columns, writer);
  }
  writer.finish();
}

}  // namespace

Extracted extract(const runtime::Backbone& network, const image::Dataset& dataset,
                  const std::string& data_spec, bank::FeatureBank& bank, const std::string& split,
                  const ExtractOptions& options, Communicator& processes) {
  const std::size_t rows = dataset.size();
  const std::vector<NamedProbe> probes = make_probes(options.probes);
  const nlohmann::json inputs = rows_of(dataset, data_spec);
  // What the network cannot serve says so before anything is written.
  for (const NamedProbe& named : probes) named.probe->width(network);
  const bool answering = options.answers.views > 0;
  const image::Augmentation augmentation(answering ? options.answers.augment : "none");
  std::vector<Column> all;
  if (answering) all = answer_columns(options.answers, network.classes(), made_by(network));
  PassOptions passes{.batch = options.batch,
                     .workers = options.workers,
                     .augmentation = augmentation,
                     .seed = options.answers.seed,
                     .progress = options.progress,
                     .doing = split};
  Extracted result{.rows = rows,
                   .classes = network.classes(),
                   .feature_width = answering ? 0 : network.feature_width(),
                   .skipped = dataset.skipped().size(),
                   .accuracy = {}};
  for (const NamedProbe& named : probes) result.probes.push_back(named.name);
  require_alike(processes,
                {{"as", split},
                 {"data", data_spec},
                 {"the SHA-256 of data", inputs.at("data_sha256").get<std::string>()},
                 {"the network", described(network.identity())},
                 {"batch", text(passes.batch.value_or(default_batch(network)))},
                 {"probes", join(result.probes)},
                 {"the SHA-256 of fit", options.fit.dataset ? options.fit.dataset->hash() : ""}});
  const auto learned_from = claim_and_learn(probes, network, options.fit, bank, passes, processes);
  if (!answering) all = network_columns(network, probes, learned_from);
  const std::vector<Column> of_rows = row_columns();
  all.insert(answering ? all.end() : all.begin() + 2, of_rows.begin(), of_rows.end());

  result.notices = of_other_lessons(bank, split, learned_from);
  const bool same_rows =
      bank.has(split) && bank.manifest(split).value("inputs", nlohmann::json()) == inputs;
  const bool names_stay = same_rows && names_are_whole(bank, split);
  std::map<std::size_t, std::vector<Column>> missing;  // by view
  for (const Column& column : all) {
    const auto there = [&](const bank::ArrayPlan& plan) {
      return same_rows && is_there(bank, split, plan) && (names_stay || plan.name != "index");
    };
    const bool whole = std::ranges::all_of(column.plans, there);
    for (const bank::ArrayPlan& plan : column.plans) {
      result.arrays.push_back(plan.name);
      if (!whole) continue;
      result.there.push_back(plan.name);
      if (is_imported(bank, split, plan.name)) result.imported.push_back(plan.name);
    }
    if (!whole) missing[column.view].push_back(column);
  }
  require_alike(processes, {{"what the bank has", join(result.there)}});
  const bool measurable = may_be_answers(network, options.class_names, dataset.class_names());
  bool kept = same_rows;  // what is known about the same pictures stays
  for (const auto& [view, columns] : missing) {
    std::vector<bank::ArrayPlan> plans;
    std::vector<const Probe*> looking;
    for (const Column& column : columns) {
      plans.insert(plans.end(), column.plans.begin(), column.plans.end());
      if (column.probe) looking.push_back(column.probe);
    }
    bank::SplitWriter writer(bank, split, rows, plans, inputs,
                             kept ? bank::Rest::kept : bank::Rest::dropped, processes);
    const auto gone = out_of_date(bank, split, kept, result.arrays, made_by(network),
                                  plans.front().inputs.value("answers", nlohmann::json()));
    writer.leave_out(gone);
    result.gone.insert(result.gone.end(), gone.begin(), gone.end());
    if (auto names = names_of(dataset); !names.empty()) writer.set_paths(std::move(names));
    result.rows_before = std::max(result.rows_before, writer.rows_there());
    passes.taps = taps_of(looking, network);
    if (answering) {
      passes.view = view;
      passes.doing = text(split, ", view ", view);
    }
    extract_view(network, dataset, passes, columns, writer);
    kept = true;
  }
  if (measurable && processes.is_first())
    result.accuracy = accuracy_of(bank, split, network.classes(), answering);
  return result;
}

}  // namespace nescio::extract
