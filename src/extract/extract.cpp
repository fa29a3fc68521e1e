#include "extract/extract.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/threads.h"
#include "base/version.h"
#include "extract/probe.h"
#include "image/loader.h"

namespace nescio {
namespace {

bool equal(const Array& a, const Array& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

/// Gives the bank the network's last layer, unless it has that of another one.
void claim_head(FeatureBank& bank, const Model& model, const std::string& remedy) {
  const Head head{model.head_weight(), model.head_bias()};
  std::optional<Head> there;
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
void claim_bank(FeatureBank& bank, const Model& model) {
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

std::vector<ArrayPlan> plan_arrays(const Model& model) {
  return {{"logits", DType::float32, {model.classes()}},
          {"features", DType::float32, {model.feature_width()}},
          {"labels", DType::int64, {}},
          {"index", DType::int64, {}}};
}

/// What the network and the probes say about a batch.
struct BatchOutputs {
  ModelOutputs model;
  std::vector<Array> probes;
};

BatchOutputs run_all(const Model& model, const std::vector<NamedProbe>& probes,
                     const ImageBatch& batch) {
  BatchOutputs out{model.forward(batch.images), {}};
  for (const NamedProbe& named : probes) {
    out.probes.push_back(named.probe->run(model, batch.images, out.model));
  }
  return out;
}

nlohmann::json fingerprint(const Model& model, const Dataset& dataset, const std::string& data_spec,
                           const std::vector<ArrayPlan>& arrays) {
  nlohmann::json inputs = identity_of(model);
  inputs["data"] = printable(data_spec);  // as JSON gives it back, to be compared
  inputs["data_sha256"] = dataset.hash();
  if (const auto names = dataset.class_names(); !names.empty()) inputs["class_names"] = names;
  inputs["program"] = version();
  for (const ArrayPlan& array : arrays) inputs["arrays"].push_back(array.name);
  if (const auto skipped = dataset.skipped(); !skipped.empty()) {
    inputs["skipped"] = skipped.size();
  }
  return inputs;
}

/// Whether the split in the bank is of these inputs: of the same rows. Arrays that were imported into
/// it later are no input, and it may hold those of further probes.
bool is_from(const FeatureBank& bank, const std::string& split, const nlohmann::json& inputs) {
  if (!bank.has(split)) return false;
  nlohmann::json theirs = bank.manifest(split).value("inputs", nlohmann::json::object());
  theirs.erase("import");
  const nlohmann::json stored = theirs.value("probes", nlohmann::json::object());
  theirs.erase("probes");
  for (const auto& [name, spec] : stored.items()) {
    if (inputs.contains("probes") && inputs.at("probes").contains(name)) {
      theirs["probes"][name] = spec;
    }
  }
  return theirs == inputs;
}

/// Those of the arrays that an import has replaced since.
std::vector<std::string> replaced_by_import(const FeatureBank& bank, const std::string& split,
                                            const std::vector<ArrayPlan>& arrays) {
  const auto inputs = bank.manifest(split).value("inputs", nlohmann::json::object());
  const auto imported = inputs.value("import", nlohmann::json::object());
  std::vector<std::string> names;
  for (const ArrayPlan& array : arrays) {
    if (imported.contains(array.name)) names.push_back(array.name);
  }
  return names;
}

/// Empty where no picture has a name.
std::vector<std::string> names_of(const Dataset& dataset) {
  std::vector<std::string> names(dataset.size());
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = dataset.name(i);
  const auto named = [](const std::string& name) { return !name.empty(); };
  if (std::ranges::none_of(names, named)) names.clear();
  return names;
}

void write_batch(SplitWriter& writer, const ImageBatch& batch, const BatchOutputs& outputs,
                 const std::vector<NamedProbe>& probes) {
  writer.write("logits", outputs.model.logits.slice(0, batch.count));
  writer.write("features", outputs.model.features.slice(0, batch.count));
  for (std::size_t i = 0; i < probes.size(); ++i) {
    writer.write(probes[i].name, outputs.probes[i].slice(0, batch.count));
  }
  writer.write("labels", Array({batch.count}, batch.labels));
  writer.write("index", Array({batch.count}, batch.index));
  writer.commit(batch.count);
}

/// Whether the labels are the network's classes, as far as names tell: they are the same, or one side
/// has none. A network without names can have those of data that has as many classes.
bool may_be_answers(const Model& model, const std::vector<std::string>& classes,
                    const std::vector<std::string>& names) {
  if (names.empty()) return true;
  const auto& known = classes.empty() ? model.class_names() : classes;
  return known.empty() ? names.size() == model.classes() : names == known;
}

std::optional<double> accuracy_of(const FeatureBank& bank, const std::string& split) {
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

bool on_cpu(const Model& model) { return model.device() == "cpu"; }

/// A picture takes a small part of the network's time for it, but a GPU has none to wait.
std::size_t default_workers(const Model& model) {
  const auto threads = static_cast<std::size_t>(thread_count());
  return std::max<std::size_t>(2, on_cpu(model) ? threads / 2 : threads);
}

}  // namespace

nlohmann::json identity_of(const Model& model) {
  return {{"network", model.info().name},
          {"weights_sha256", model.weights_sha256()},
          {"preprocessing", to_json(model.preprocessing())}};
}

std::size_t default_batch(const Model& model) {
  const Preprocessing& p = model.preprocessing();
  return on_cpu(model) && p.height * p.width > 64 * 64 ? 8 : 128;
}

Extracted extract(const Model& model, const Dataset& dataset, const std::string& data_spec,
                  FeatureBank& bank, const std::string& split, const ExtractOptions& options) {
  const std::size_t rows = dataset.size();
  std::vector<ArrayPlan> arrays = plan_arrays(model);
  nlohmann::json inputs = fingerprint(model, dataset, data_spec, arrays);
  const std::vector<NamedProbe> probes = make_probes(options.probes);
  for (const NamedProbe& named : probes) {
    inputs["probes"][named.name] = named.spec;
    arrays.push_back({named.name, DType::float32, {named.probe->width(model)}});
  }
  claim_bank(bank, model);

  Extracted result{.rows = rows,
                   .classes = model.classes(),
                   .feature_width = model.feature_width(),
                   .skipped = dataset.skipped().size(),
                   .accuracy = {}};
  for (const NamedProbe& named : probes) result.probes.push_back(named.name);
  const bool answers = may_be_answers(model, options.class_names, dataset.class_names());
  const bool same_rows = is_from(bank, split, inputs);
  if (same_rows && bank.whole(split)) {
    result.was_there = true;
    result.imported = replaced_by_import(bank, split, arrays);
    if (answers) result.accuracy = accuracy_of(bank, split);
    return result;
  }

  // What was imported about the same pictures stays.
  SplitWriter writer(bank, split, rows, arrays, inputs, same_rows ? Rest::kept : Rest::dropped);
  if (auto names = names_of(dataset); !names.empty()) writer.set_paths(std::move(names));
  result.rows_before = writer.done();
  // On the CPU each thread takes a batch of its own: no thread waits for another within a layer, and
  // the bits cannot depend on how many there are. A GPU has enough to do with one.
  const std::size_t lanes =
      on_cpu(model) ? static_cast<std::size_t>(thread_count()) : std::size_t{1};
  std::vector<ImageBatch> batches(lanes);
  std::vector<BatchOutputs> outputs(lanes);
  Loader loader(dataset, model.preprocessing(),
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
    parallel_for(count, [&](std::size_t i) { outputs[i] = run_all(model, probes, batches[i]); });
    for (std::size_t i = 0; i < count; ++i) {
      check_interrupt();
      write_batch(writer, batches[i], outputs[i], probes);
      report();
    }
  }
  writer.finish();
  if (answers) result.accuracy = accuracy_of(bank, split);
  return result;
}

}  // namespace nescio
