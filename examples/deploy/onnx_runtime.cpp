// Asks a model that `nescio export` wrote about pictures, in C++ with ONNX Runtime.
//   onnx_runtime MODEL_OOD.onnx PICTURES.f32 HEIGHT WIDTH     float32 [N, 3, HEIGHT, WIDTH], as the network reads them
#include <onnxruntime_cxx_api.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

int main(int, char** argv) {
  std::ifstream file(argv[2], std::ios::binary);
  std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  const int64_t height = std::atoi(argv[3]), width = std::atoi(argv[4]);
  const int64_t n = static_cast<int64_t>(bytes.size() / sizeof(float)) / (3 * height * width);
  const int64_t shape[] = {n, 3, height, width};

  Ort::Env env(ORT_LOGGING_LEVEL_ERROR);
  Ort::Session session(env, argv[1], Ort::SessionOptions());
  Ort::AllocatorWithDefaultOptions allocator;
  const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  const auto name = session.GetInputNameAllocated(0, allocator);

  // Without the second input the threshold is the calibration's.
  const char* inputs[] = {name.get(), "ood_threshold"};
  std::vector<Ort::Value> values;
  values.push_back(Ort::Value::CreateTensor<float>(memory, reinterpret_cast<float*>(bytes.data()),
                                                   bytes.size() / sizeof(float), shape, 4));
  const char* outputs[] = {"ood_score", "is_ood", "ood_p_value"};
  const auto said = session.Run(Ort::RunOptions(), inputs, values.data(), 1, outputs, 3);
  for (int64_t i = 0; i < n; ++i) {
    std::printf("%g %s %g\n", said[0].GetTensorData<float>()[i],
                said[1].GetTensorData<bool>()[i] ? "unknown" : "known",
                said[2].GetTensorData<float>()[i]);
  }
}
