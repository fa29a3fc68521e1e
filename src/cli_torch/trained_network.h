// A network with the pictures that it was trained on, as the verbs that mask it take them.
#pragma once

#include <memory>
#include <string>

#include "cli/verb.h"
#include "image/datasets/dataset.h"
#include "nn/model.h"
#include "train/device.h"

namespace nescio::cli {

struct TrainedNetwork {
  nn::Model model;
  std::unique_ptr<image::Dataset> pictures;  // labels as the network numbers its classes
  train::Upload upload;
};

/// Warns of what the user should know about either. Error as Model::load(), open_dataset() and
/// in_classes_of().
TrainedNetwork open_trained_network(const std::string& model, const std::string& data,
                                    const std::string& device, const Console& console);

/// Threads that prepare pictures beside a network.
std::size_t usual_workers();

/// The option data= of such a verb.
ParameterInfo training_data_info();

}  // namespace nescio::cli
