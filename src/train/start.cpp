#include "train/start.h"

#include "base/error.h"

namespace nescio::train {

void load_start_weights(const nn::Network& network, const nn::ModelSource& source,
                        std::int64_t classes, bool new_head) {
  const nn::NetworkInfo& info = *source.network.info;
  if (source.path.empty()) return;
  const auto tensors = nn::tensors_of(network);
  auto weights = source.tensors;
  const auto head = weights.find(info.head + ".bias");
  if (new_head) {
    for (const char* part : {".weight", ".bias"}) {
      const auto ours = tensors.find(info.head + part);
      if (ours != tensors.end()) weights[ours->first] = nn::to_array(ours->second);
    }
  } else if (head != weights.end() && head->second.size() != static_cast<std::size_t>(classes)) {
    fail(source.where(), ": its last layer has ", head->second.size(), " classes, the data has ",
         classes, "; new_head=true starts with a new last layer");
  }
  nn::copy_weights(weights, tensors, source.where());
}

}  // namespace nescio::train
