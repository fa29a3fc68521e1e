// Networks that read other tensors of one model.
#pragma once

#include <nlohmann/json.hpp>

namespace nescio::runtime {

/// Whether the identities() of two networks name other tensors. Only those of ONNX models name some, of which several may
/// be meant, and banks of earlier versions do not: they are taken for those of any.
inline bool other_tensors(const nlohmann::json& one, const nlohmann::json& other) {
  return one.contains("tensors") && other.contains("tensors") && one["tensors"] != other["tensors"];
}

}  // namespace nescio::runtime
