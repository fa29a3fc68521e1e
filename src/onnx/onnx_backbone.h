// A classifier in an ONNX file as a network: the second Backbone beside libtorch's.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "onnx/model.h"
#include "runtime/backbone.h"

namespace nescio::onnx {

/// The type of model specs that are meant for load_onnx_backbone().
inline constexpr std::string_view spec_type = "onnx";

/// "onnx:FILE?key=value&...", run by ONNX Runtime on the CPU. The keys:
///   features, logits  tensors; else found as Model::find() does
///   layout            nchw or nhwc; else what the input's shape says
///   classes           file of class names, a line each; else what the model's metadata say
///   height, width     where the model leaves them open; size= sets both, crop= is another name of it
/// and image::preprocessing_parameters(). Without them the preprocessing is that of "nescio.preprocessing" in the
/// metadata, else pixels / 255 at the size of the input, which is told; uint8 inputs get the pixels themselves.
///
/// The input is float32, float16 or uint8 [N, 1 or 3, height, width] or [N, height, width, 1 or 3], N of any
/// length or fixed (batches are filled up). Logits are [N, C], also with sides of 1 behind; where they are probabilities
/// their logarithm is taken and said. Features are [N, D], or maps [N, D, height, width], whose means over the places
/// are taken. What stands in training mode is told. The model's own outputs are taps. The head is that of the graph, where logits = features W^T + b holds for a picture that is tried.
///
/// UsageError for options that make no sense with the model, Error for a damaged file, one that is no classifier of
/// pictures, and where ONNX Runtime is missing or refuses the model.
std::unique_ptr<runtime::Backbone> load_onnx_backbone(std::string_view spec,
                                                      std::string_view device = "auto");

/// Of the model's file and of those beside it that its weights lie in, as identity() has it.
std::string weights_sha256(const std::filesystem::path& path, const Model& model);

/// What `where` leaves to be found is what a network of this identity() read, as far as the model has it.
Where as_extracted(Where where, const nlohmann::json& identity, const Model& model);

}  // namespace nescio::onnx
