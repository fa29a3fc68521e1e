// Weights in files beside a model (TensorProto.external_data).
#pragma once

#include <onnx/onnx_pb.h>

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "io/bytes.h"
#include "io/file.h"

namespace nescio::onnx {

/// Every tensor that lies outside the model's file, also in attributes and in graphs of nodes.
std::vector<const ::onnx::TensorProto*> external_tensors(const ::onnx::ModelProto& model);

/// Name of the tensor's file, relative to the model's folder; empty where it says none.
std::string external_location(const ::onnx::TensorProto& tensor);

/// The file `location` of the file `model`. Error unless it is a regular file in the model's folder or below it; links are
/// followed, and where `model` is one, the folder that it leads to counts, too.
io::SharedBytes external_file(const std::filesystem::path& model, const std::string& location);

/// The tensor's bytes in its file. Error where the file ends before them, their place is no number, or
/// they are not as many as its shape says.
io::SharedBytes external_bytes(const ::onnx::TensorProto& tensor, const io::SharedBytes& file,
                               const std::string& where);

/// Files of one model beside another, whole or not at all.
class ExternalCopies {
 public:
  /// Writes what is not there yet, under temporary names. Error where another file has the name, or `to` itself.
  ExternalCopies(const std::filesystem::path& from, const std::filesystem::path& to,
                 const std::set<std::string>& locations);
  /// Takes back what was put in place and not kept.
  ~ExternalCopies();
  ExternalCopies(const ExternalCopies&) = delete;
  ExternalCopies& operator=(const ExternalCopies&) = delete;

  void put_in_place();
  void keep() { placed_.clear(); }

 private:
  struct Copy {
    std::filesystem::path target;
    std::unique_ptr<io::AtomicFile> file;
  };
  std::vector<Copy> copies_;
  std::vector<std::filesystem::path> placed_;
};

}  // namespace nescio::onnx
