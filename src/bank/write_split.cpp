#include "bank/write_split.h"

namespace nescio::bank {

void forget_interrupted(FeatureBank& bank, const std::string& split) {
  // A writer of another plan begins anew, and one that has written nothing leaves nothing.
  const SplitWriter other(bank, split, 1, {{"index", DType::int64, {}}}, {{"source", "nothing"}});
}

void write_split(FeatureBank& bank, const BankView& view, const nlohmann::json& source) {
  std::vector<ArrayPlan> plans;
  for (const auto& [name, array] : view.arrays) {
    plans.push_back({name, array.dtype, {array.shape.begin() + 1, array.shape.end()}});
  }
  forget_interrupted(bank, view.name);
  SplitWriter writer(bank, view.name, view.rows, std::move(plans), {{"source", source}});
  for (const auto& [name, array] : view.arrays) writer.write(name, array.read());
  writer.commit(view.rows);
  writer.finish();
}

}  // namespace nescio::bank
