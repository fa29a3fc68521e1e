#include "detectors/bank_inputs.h"

#include <algorithm>

namespace nescio {

std::optional<HeadTables> head_tables(const std::optional<Head>& head) {
  if (!head) return std::nullopt;
  return HeadTables{Table(head->weight), Table(head->bias)};
}

std::map<std::string, Array> read_arrays(const FeatureBank& bank, const std::string& split) {
  std::map<std::string, Array> out;
  for (const std::string& name : bank.arrays(split)) {
    const Array array = bank.array(split, name);
    if (array.dtype() == DType::float32 && array.shape().size() == 2) out.emplace(name, array);
  }
  return out;
}

Split read_split(const FeatureBank& bank, const std::string& split) {
  Split out;
  out.name = split;
  out.classes = bank.classes();
  out.arrays = read_arrays(bank, split);
  if (bank.has(split, "labels")) out.labels = bank.array(split, "labels");
  if (out.classes == 0 && !out.labels.empty()) {
    // Of more classes than rows one has no sample, whichever they are.
    const auto rows = static_cast<std::int64_t>(out.labels.rows());
    const std::int64_t last = std::ranges::max(out.labels.as<std::int64_t>());
    out.classes = static_cast<std::size_t>(std::clamp<std::int64_t>(last, 0, rows - 1)) + 1;
  }
  return out;
}

LogitsFrom logits_from(const FeatureBank& bank, const std::vector<std::string>& splits) {
  const auto follow = [&](const std::string& split) {
    return !split.empty() && bank.has(split, "features") && !bank.has(split, "logits");
  };
  return bank.head() && std::ranges::any_of(splits, follow) ? LogitsFrom::head
                                                            : LogitsFrom::network;
}

Inputs make_inputs(const FeatureBank& bank, const std::vector<std::string>& splits) {
  Widths widths;
  for (const std::string& split : bank.splits()) {
    for (const auto& [name, array] : read_arrays(bank, split)) widths.emplace(name, array.cols());
  }
  const auto take = [&](const char* name) {
    const auto found = widths.extract(name);
    return found ? found.mapped() : 0;
  };
  const std::size_t given = take("logits");
  const std::size_t features = take("features");
  const std::size_t classes = logits_from(bank, splits) == LogitsFrom::head ? 0 : given;
  return make_inputs(classes, features, head_tables(bank.head()), widths);
}

Batch to_batch(const std::map<std::string, Array>& arrays) {
  Batch batch;
  for (const auto& [name, array] : arrays) batch.emplace(name, array.matrix());
  return batch;
}

}  // namespace nescio
