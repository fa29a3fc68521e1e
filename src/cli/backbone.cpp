#include "cli/backbone.h"

#include "base/error.h"
#include "base/typed_spec.h"
#include "cli/network_part.h"
#include "cli/onnx_part.h"
#ifdef NESCIO_ONNX
#include "onnx/onnx_backbone.h"
#endif

namespace nescio::cli {

std::unique_ptr<runtime::Backbone> load_backbone(const std::string& model,
                                                 const std::string& device) {
  if (split_typed_spec(model).type != "onnx") {
    return needed_network_part().load_backbone(model, device);
  }
#ifdef NESCIO_ONNX
  return onnx::load_onnx_backbone(model, device);
#else
  fail_without_onnx();
#endif
}

}  // namespace nescio::cli
