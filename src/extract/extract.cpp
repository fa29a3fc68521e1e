#include "extract/extract.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/threads.h"
#include "base/version.h"
#include "extract/probe.h"
#include "image/loader.h"

namespace nescio::extract {
namespace {

bool equal(const Array& a, const Array& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

/// Gives the bank the network's last layer, unless it has that of another one.
void claim_head(bank::FeatureBank& bank, const nn::Model& model, const std::string& remedy) {
  const bank::Head head{model.head_weight(), model.head_bias()};
  std::optional<bank::Head> there;
  try {
    there = bank.head();
  } catch (const Error&) {
    // Damaged: written again like one that is missing.
  }
  if (!there) return bank.set_head(head, identity_of(model));
  if (equal(there->weight, head.weight) && equal(there->bias, head.bias)) return;
  const auto hash = [](const nlohmann::json& entry) {
    return entry.at("arrays").at("weight").value("sha256", "unknown");
  };
  fail("bank ", bank.path().string(), ": its head weight ", to_string(there->weight.shape()),
       " (file of SHA-256 ", hash(bank.head_manifest()), ") is not that of ", model.info().name,
       " ", to_string(head.weight.shape()), " (weights of SHA-256 ", model.weights_sha256(), ")",
       remedy);
}

/// Makes the bank the network's, unless it is another one's.
void claim_bank(bank::FeatureBank& bank, const nn::Model& model) {
  const nlohmann::json ours = identity_of(model);
  const nlohmann::json theirs = bank.model();
  const std::string remedy = "; a bank holds one network, so use another bank=";
  if (!theirs.empty() && theirs.value("weights_sha256", "") != model.weights_sha256()) {
    fail("bank ", bank.path().string(), ": belongs to ", theirs.value("network", "another network"),
         " with weights of SHA-256 ", theirs.value("weights_sha256", "unknown"), ", found ",
         model.info().name, " with weights of SHA-256 ", model.weights_sha256(), remedy);
  }
  if (model.info().linear_head) claim_head(bank, model, remedy);
  if (theirs != ours) bank.set_model(ours);
}

/// An array of the split, and how its rows come of a batch.
struct Column {
  bank::ArrayPlan plan;
  std::function<Array(const image::ImageBatch&, Pass&)>
      rows;  // [batch.count ...]: the filled-up ones do not count
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
nlohmann::json made_by(const nn::Model& model) {
  nlohmann::json inputs = identity_of(model);
  inputs["program"] = version();
  return inputs;
}

/// Everything that is asked for. Refers to the probes.
std::vector<Column> all_columns(const nn::Model& model, const std::vector<NamedProbe>& probes) {
  const nlohmann::json network = made_by(model);
  const nlohmann::json program = {{"program", version()}};
  std::vector<Column> columns = {
      {{"logits", DType::float32, {model.classes()}, network},
       [](const image::ImageBatch& batch, Pass& pass) {
         return pass.outputs().logits.slice(0, batch.count);
       }},
      {{"features", DType::float32, {model.feature_width()}, network},
       [](const image::ImageBatch& batch, Pass& pass) {
         return pass.outputs().features.slice(0, batch.count);
       }},
      {{"labels", DType::int64, {}, program},
       [](const image::ImageBatch& batch, Pass&) { return Array({batch.count}, batch.labels); }},
      {{"index", DType::int64, {}, program},
       [](const image::ImageBatch& batch, Pass&) { return Array({batch.count}, batch.index); }}};
  for (const NamedProbe& named : probes) {
    columns.push_back({{named.name, DType::float32, {named.probe->width(model)}, network},
                       [&probe = *named.probe](const image::ImageBatch& batch, Pass& pass) {
                         return probe.run(pass).slice(0, batch.count);
                       }});
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
    const nlohmann::json inputs = bank.inputs(split, name);
    const bool stays = same_rows && (!inputs.contains("weights_sha256") || inputs == network);
    if (!stays && std::ranges::none_of(all, is_asked)) names.push_back(name);
  }
  return names;
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
bool may_be_answers(const nn::Model& model, const std::vector<std::string>& classes,
                    const std::vector<std::string>& names) {
  if (names.empty()) return true;
  const auto& known = classes.empty() ? model.class_names() : classes;
  return known.empty() ? names.size() == model.classes() : names == known;
}

std::optional<double> accuracy_of(const bank::FeatureBank& bank, const std::string& split) {
  const Array logits = bank.array(split, "logits");
  const Array labels = bank.array(split, "labels");
  const auto classes = static_cast<std::int64_t>(logits.cols());
  std::size_t right = 0;
  for (std::size_t i = 0; i < logits.rows(); ++i) {
    const std::int64_t label = labels.as<std::int64_t>()[i];
    if (label < 0 || label >= classes) return std::nullopt;
    const auto row = logits.as<float>().subspan(i * logits.cols(), logits.cols());
    right += std::ranges::max_element(row) - row.begin() == label;
  }
  return static_cast<double>(right) / static_cast<double>(logits.rows());
}

bool on_cpu(const nn::Model& model) { return model.device() == "cpu"; }

/// A picture takes a small part of the network's time for it, but a GPU has none to wait.
std::size_t default_workers(const nn::Model& model) {
  const auto threads = static_cast<std::size_t>(thread_count());
  return std::max<std::size_t>(2, on_cpu(model) ? threads / 2 : threads);
}

}  // namespace

nlohmann::json identity_of(const nn::Model& model) {
  return {{"network", model.info().name},
          {"weights_sha256", model.weights_sha256()},
          {"preprocessing", image::to_json(model.preprocessing())}};
}

std::size_t default_batch(const nn::Model& model) {
  const image::Preprocessing& p = model.preprocessing();
  return on_cpu(model) && p.height * p.width > 64 * 64 ? 8 : 128;
}

Extracted extract(const nn::Model& model, const image::Dataset& dataset,
                  const std::string& data_spec, bank::FeatureBank& bank, const std::string& split,
                  const ExtractOptions& options) {
  const std::size_t rows = dataset.size();
  const std::vector<NamedProbe> probes = make_probes(options.probes);
  const std::vector<Column> all = all_columns(model, probes);
  const nlohmann::json inputs = rows_of(dataset, data_spec);
  claim_bank(bank, model);

  Extracted result{.rows = rows,
                   .classes = model.classes(),
                   .feature_width = model.feature_width(),
                   .skipped = dataset.skipped().size(),
                   .accuracy = {}};
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
  const bool answers = may_be_answers(model, options.class_names, dataset.class_names());
  if (missing.empty()) {
    if (answers) result.accuracy = accuracy_of(bank, split);
    return result;
  }

  std::vector<bank::ArrayPlan> plans;
  for (const Column& column : missing) plans.push_back(column.plan);
  // What is known about the same pictures stays.
  bank::SplitWriter writer(bank, split, rows, plans, inputs,
                           same_rows ? bank::Rest::kept : bank::Rest::dropped);
  result.gone = out_of_date(bank, split, same_rows, all, made_by(model));
  writer.leave_out(result.gone);
  if (auto names = names_of(dataset); !names.empty()) writer.set_paths(std::move(names));
  result.rows_before = writer.done();
  // On the CPU each thread takes a batch of its own: no thread waits for another within a layer, and
  // the bits cannot depend on how many there are. A GPU has enough to do with one.
  const std::size_t lanes =
      on_cpu(model) ? static_cast<std::size_t>(thread_count()) : std::size_t{1};
  std::vector<image::ImageBatch> batches(lanes);
  std::vector<std::vector<Array>> outputs(lanes);
  image::Loader loader(dataset, model.preprocessing(),
                       {.batch = options.batch.value_or(default_batch(model)),
                        .first = writer.done(),
                        .workers = options.workers.value_or(default_workers(model)),
                        .ahead = lanes + 1});
  const auto report = [&] {
    if (options.progress) options.progress(split, writer.done(), rows);
  };
  report();
  while (writer.done() < rows) {
    std::size_t count = 0;
    while (count < lanes && loader.next(batches[count])) ++count;
    parallel_for(count, [&](std::size_t i) {
      Pass pass(model, batches[i].images);
      outputs[i].clear();
      for (const Column& column : missing) outputs[i].push_back(column.rows(batches[i], pass));
    });
    for (std::size_t i = 0; i < count; ++i) {
      check_interrupt();
      for (std::size_t c = 0; c < missing.size(); ++c) {
        writer.write(missing[c].plan.name, outputs[i][c]);
      }
      writer.commit(batches[i].count);
      report();
    }
  }
  writer.finish();
  if (answers) result.accuracy = accuracy_of(bank, split);
  return result;
}

}  // namespace nescio::extract
