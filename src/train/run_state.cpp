#include "train/run_state.h"

namespace nescio::train {

RunState::RunState(std::int64_t step, const nlohmann::json& json)
    : done(step), epoch_is_open(json.at("epoch_is_open")), means(json.at("means")) {
  if (json.contains("val_accuracy")) val_accuracy = json["val_accuracy"];
  if (json.contains("best")) best_val_accuracy = json["best"];
}

nlohmann::json RunState::to_json() const {
  nlohmann::json json = {{"epoch_is_open", epoch_is_open}, {"means", means.to_json()}};
  if (val_accuracy) json["val_accuracy"] = *val_accuracy;
  if (best_val_accuracy) json["best"] = *best_val_accuracy;
  return json;
}

}  // namespace nescio::train
