#include "train/start.h"

#include "base/error.h"
#include "nn/weights.h"

namespace nescio {

std::string network_name(std::string_view model) {
  return std::string(trim(model.substr(0, model.find(':'))));
}

void load_start_weights(const Network& network, const NetworkInfo& info, std::string_view model,
                        std::int64_t classes, bool new_head) {
  const auto colon = model.find(':');
  if (colon == std::string_view::npos) {
    if (new_head) fail("new_head=true: model=", info.name, " names no weights to start from");
    return;
  }
  const std::string path(model.substr(colon + 1));
  const std::string where = text("[", info.name, "] ", path);
  auto weights = own_names(info, read_weights(path).tensors).tensors;
  const auto tensors = tensors_of(network);
  const auto head = weights.find(info.head + ".weight");
  if (new_head) {
    for (const char* part : {".weight", ".bias"}) {
      const auto ours = tensors.find(info.head + part);
      if (ours != tensors.end()) weights[ours->first] = to_array(ours->second);
    }
  } else if (head != weights.end() && head->second.shape().size() == 2 &&
             head->second.rows() != static_cast<std::size_t>(classes)) {
    fail(where, ": its last layer has ", head->second.rows(), " classes, the data has ", classes,
         "; new_head=true starts with a new last layer");
  }
  copy_weights(weights, tensors, where);
}

}  // namespace nescio
