#include "train/run_state.h"

namespace nescio::train {

RunState::RunState(std::int64_t step, const nlohmann::json& json)
    : done(step), is_open(json.at("epoch_is_open")), means(json.at("means")) {
  if (json.contains("val_accuracy")) val = json["val_accuracy"];  // as it was called once
  if (json.contains("val")) val = json["val"];
  if (json.contains("best")) best_val = json["best"];
}

nlohmann::json RunState::to_json() const {
  nlohmann::json json = {{"epoch_is_open", is_open}, {"means", means.to_json()}};
  if (val) json["val"] = *val;
  if (best_val) json["best"] = *best_val;
  return json;
}

}  // namespace nescio::train
