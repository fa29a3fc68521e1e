// KServe's Open Inference Protocol, version 2, in JSON: tensors of rows in, answers out.
//   https://github.com/kserve/open-inference-protocol
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "calibration/calibration.h"
#include "serving/row_scorer.h"

namespace nescio::serving {

/// What is served, and under which name.
struct ServedDetector {
  std::string name;
  const RowScorer* scorer = nullptr;                      // null: pictures alone
  const calibration::Calibration* calibration = nullptr;  // null: scores alone
};

/// GET /v2/models/NAME
nlohmann::ordered_json model_metadata(const ServedDetector& served);

/// POST /v2/models/NAME/infer: inputs `features` and `logits`, FP32 or FP64, data flat or nested; outputs `ood_score`
/// FP32, `class` INT64 where there are logits, and where the detector is calibrated `ood_threshold` FP64, `is_ood` BOOL
/// and `ood_p_value` FP64, or those that the request names. `scored` sees the rows before they are written. Error for
/// a request that is none.
nlohmann::ordered_json infer(const ServedDetector& served, std::string_view request,
                             const std::function<void(const calibration::ScoredRows&)>& scored);

}  // namespace nescio::serving
