#include "onnx/external_data.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "base/error.h"
#include "base/text.h"

namespace nescio::onnx {
namespace {

namespace fs = std::filesystem;
using ::onnx::GraphProto;
using ::onnx::NodeProto;
using ::onnx::TensorProto;

class ExternalTensors {
 public:
  std::vector<const TensorProto*> external;

  void of(const GraphProto& graph) {
    for (const auto& tensor : graph.initializer()) take(tensor);
    for (const auto& tensor : graph.sparse_initializer()) of(tensor);
    for (const NodeProto& node : graph.node()) of(node);
  }
  void of(const NodeProto& node) {
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_t()) take(attribute.t());
      if (attribute.has_g()) of(attribute.g());
      if (attribute.has_sparse_tensor()) of(attribute.sparse_tensor());
      for (const auto& tensor : attribute.tensors()) take(tensor);
      for (const auto& graph : attribute.graphs()) of(graph);
      for (const auto& tensor : attribute.sparse_tensors()) of(tensor);
    }
  }

 private:
  void of(const ::onnx::SparseTensorProto& tensor) {
    take(tensor.values());
    take(tensor.indices());
  }
  void take(const TensorProto& tensor) {
    if (tensor.data_location() == TensorProto::EXTERNAL) external.push_back(&tensor);
  }
};

std::string entry(const TensorProto& tensor, std::string_view key) {
  for (const auto& one : tensor.external_data()) {
    if (one.key() == key) return one.value();
  }
  return {};
}

std::optional<std::size_t> number_in(const std::string& digits) {
  std::size_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value);
  return read.ec == std::errc() && read.ptr == end ? std::optional(value) : std::nullopt;
}

/// What its numbers take; none for types that are packed or that have no fixed size.
std::optional<std::size_t> bytes_of(const TensorProto& tensor) {
  static constexpr std::pair<int, std::size_t> sizes[] = {
      {TensorProto::FLOAT, 4},    {TensorProto::UINT8, 1},    {TensorProto::INT8, 1},
      {TensorProto::UINT16, 2},   {TensorProto::INT16, 2},    {TensorProto::INT32, 4},
      {TensorProto::INT64, 8},    {TensorProto::BOOL, 1},     {TensorProto::FLOAT16, 2},
      {TensorProto::DOUBLE, 8},   {TensorProto::UINT32, 4},   {TensorProto::UINT64, 8},
      {TensorProto::BFLOAT16, 2}, {TensorProto::COMPLEX64, 8}};
  const auto* found =
      std::ranges::find(sizes, tensor.data_type(), &std::pair<int, std::size_t>::first);
  if (found == std::end(sizes)) return std::nullopt;
  std::size_t bytes = found->second;
  for (const std::int64_t side : tensor.dims()) {
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
    const auto count = static_cast<std::size_t>(side);
    if (side < 0 || (count != 0 && bytes > most / count)) return std::nullopt;
    bytes *= count;
  }
  return bytes;
}

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

bool is_below(const fs::path& folder, const fs::path& file) {
  const auto end = std::ranges::mismatch(folder, file).in1;
  return end == folder.end();
}

/// What a hostile model may not say, whatever is on the disk.
void check_location(const std::string& model, const std::string& location) {
  const fs::path path(location);
  const bool leaves = std::ranges::find(path, fs::path("..")) != path.end();
  if (location.empty() || path.is_absolute() || leaves || location.find('\0') != std::string::npos)
    fail(model, ": its weights lie in '", printable(location),
         "'; expected the name of a file in the folder of the model or below it");
}

}  // namespace

std::vector<const TensorProto*> external_tensors(const ::onnx::ModelProto& model) {
  ExternalTensors tensors;
  tensors.of(model.graph());
  for (const auto& function : model.functions()) {
    for (const NodeProto& node : function.node()) tensors.of(node);
  }
  return std::move(tensors.external);
}

std::string external_location(const TensorProto& tensor) { return entry(tensor, "location"); }

io::SharedBytes external_file(const fs::path& model, const std::string& location) {
  check_location(model.string(), location);
  const fs::path path = folder_of(model) / location;
  std::error_code missing;
  const fs::path file = fs::canonical(path, missing);
  if (missing || !fs::is_regular_file(file)) {
    fail(model.string(), ": its weights lie in '", printable(location),
         "', which is no file beside it; put it into the folder of the model");
  }
  std::error_code ignored;
  const fs::path named = fs::canonical(folder_of(model), ignored);
  const fs::path real = fs::canonical(model, ignored).parent_path();
  if (!is_below(named, file) && !is_below(real, file)) {
    fail(model.string(), ": its weights lie in '", printable(location), "', a link to ",
         file.string(), "; expected a file in the folder of the model or below it");
  }
  return io::map_file(file);
}

io::SharedBytes external_bytes(const TensorProto& tensor, const io::SharedBytes& file,
                               const std::string& where) {
  const std::string first = entry(tensor, "offset"), count = entry(tensor, "length");
  const auto offset = first.empty() ? std::optional<std::size_t>(0) : number_in(first);
  if (!offset || (!count.empty() && !number_in(count))) {
    fail(where, ": the weights '", printable(tensor.name()), "' lie at offset '", printable(first),
         "', length '", printable(count), "'; expected two whole numbers");
  }
  const std::size_t there = file.size() - std::min(*offset, file.size());
  const auto needed = bytes_of(tensor);
  const std::size_t length = count.empty() ? needed.value_or(there) : *number_in(count);
  if (*offset > file.size() || length > there) {
    fail(where, ": the weights '", printable(tensor.name()), "' are ", length, " bytes from ",
         *offset, " on of '", printable(external_location(tensor)), "', which has ", file.size(),
         "; the file was cut short or is another one");
  }
  if (needed && length != *needed) {
    fail(where, ": the weights '", printable(tensor.name()), "' are ", length, " bytes of '",
         printable(external_location(tensor)), "'; numbers of their shape and type take ", *needed);
  }
  return file.part(*offset, length);
}

ExternalCopies::ExternalCopies(const fs::path& from, const fs::path& to,
                               const std::set<std::string>& locations) {
  std::error_code ignored;
  const fs::path folder = fs::weakly_canonical(fs::absolute(folder_of(to)), ignored);
  const fs::path itself = fs::weakly_canonical(fs::absolute(to), ignored);
  for (const std::string& location : locations) {
    const io::SharedBytes weights = external_file(from, location);
    const fs::path target = fs::weakly_canonical(folder / location, ignored);
    if (target == itself || !is_below(folder, target)) {
      fail(to.string(), ": the weights of ", from.string(), " would lie in ", target.string(),
           "; write the new model into another folder or under another name");
    }
    if (fs::exists(target)) {
      if (fs::equivalent(target, folder_of(from) / location, ignored)) continue;
      if (io::map_file(target).text() == weights.text()) continue;
      fail(target.string(), ": is there and differs from that of ", from.string(),
           ", whose weights it would hold; write the new model into another folder");
    }
    copies_.push_back({target, std::make_unique<io::AtomicFile>(target)});
    copies_.back().file->write(weights.span());
  }
}

ExternalCopies::~ExternalCopies() {
  std::error_code ignored;
  for (const fs::path& file : placed_) fs::remove(file, ignored);
}

void ExternalCopies::put_in_place() {
  for (const Copy& copy : copies_) {
    copy.file->commit();
    placed_.push_back(copy.target);
  }
}

}  // namespace nescio::onnx
