// Where ONNX Runtime's shared library is.
#pragma once

#include <filesystem>

#include "runtime/onnx_api.h"
#include "runtime/onnx_session.h"

namespace nescio::runtime {

struct OnnxLibrary {
  OnnxRuntime about;
  ort::Api api;
};

/// Loaded when first called, and then kept. Null where there is none; Error as onnx_runtime().
const OnnxLibrary* onnx_library();
/// The same; Error that says how to get it where there is none.
const OnnxLibrary& needed_onnx_library();

/// The newest library in the folder, its lib/ or capi/; empty where there is none.
std::filesystem::path onnx_library_in(const std::filesystem::path& folder);

}  // namespace nescio::runtime
