#include "fuzz_target.h"
#include "onnx/model.h"

void nescio::read_untrusted(const io::SharedBytes& bytes) {
  const onnx::Model model(bytes, "model.onnx");
  model.metadata();
  model.head(model.find({}));
}
