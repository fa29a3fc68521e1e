// The network that a model spec names, whatever runs it.
#pragma once

#include <memory>
#include <string>

#include "runtime/backbone.h"

namespace nescio::cli {

/// "onnx:FILE..." by ONNX Runtime (onnx/onnx_backbone.h), all others by libtorch (network_part.h). Error, with what to do,
/// where this build or this machine lacks what runs it.
std::unique_ptr<runtime::Backbone> load_backbone(const std::string& model,
                                                 const std::string& device);

}  // namespace nescio::cli
