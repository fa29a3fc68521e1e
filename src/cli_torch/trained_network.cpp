#include "cli_torch/trained_network.h"

#include <algorithm>

#include "base/threads.h"
#include "cli/picture_log.h"
#include "image/datasets/renumbered.h"
#include "nn/network.h"

namespace nescio::cli {

TrainedNetwork open_trained_network(const std::string& model, const std::string& data,
                                    const std::string& device, const Console& console) {
  nn::Model loaded = nn::Model::load(model, device);
  for (const std::string& notice : loaded.notices()) console.warn(notice);
  auto pictures = image::in_classes_of(
      loaded.class_names(), "the network", image::open_dataset(data), image::LabelUse::answers,
      "data", [&](const std::string& sentence) { console.warn(sentence); });
  warn_of_pictures(*pictures, console);
  nn::use_our_threads();
  const torch::Device where(loaded.device());
  train::Upload upload(loaded.preprocessing(), where, nn::format_for(where));
  return {std::move(loaded), std::move(pictures), std::move(upload)};
}

std::size_t usual_workers() { return static_cast<std::size_t>(std::max(2, thread_count() / 2)); }

ParameterInfo training_data_info() {
  return {.name = "data",
          .doc = "TYPE:PATH?key=value&... of the training pictures",
          .names = {"datasets"},
          .required = true};
}

}  // namespace nescio::cli
