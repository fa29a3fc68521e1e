#include "report/mixing.h"

namespace nescio::report {

nlohmann::json to_json(const Mixing& mixing) {
  nlohmann::json out = {{"id", mixing.id},
                        {"outliers", mixing.outliers},
                        {"pairs", mixing.pairs},
                        {"seed", mixing.seed},
                        {"explained", mixing.explained}};
  for (const MixingPoint& point : mixing.path) {
    out["path"].push_back({{"lambda", point.lambda},
                           {"target", point.target},
                           {"of_pictures", point.of_pictures},
                           {"of_logits", point.of_logits},
                           {"gap", point.gap}});
  }
  for (const LogitGroup& group : mixing.groups) {
    out["groups"][group.name] = {
        {"confidence", group.confidence}, {"norm", group.norm}, {"plane", group.plane}};
  }
  return out;
}

}  // namespace nescio::report
