#include "runtime/onnx_session.h"

#include "base/error.h"
#include "base/text.h"
#include "base/threads.h"
#include "runtime/onnx_library.h"

namespace nescio::runtime {
namespace {

/// Our types by the numbers of theirs (TensorProto.DataType).
constexpr std::pair<int, DType> types[] = {
    {1, DType::float32},  {2, DType::uint8},    {3, DType::int8},    {4, DType::uint16},
    {5, DType::int16},    {6, DType::int32},    {7, DType::int64},   {9, DType::boolean},
    {10, DType::float16}, {11, DType::float64}, {12, DType::uint32}, {13, DType::uint64},
    {16, DType::bfloat16}};

std::optional<DType> ours(int type) {
  for (const auto& [number, own] : types) {
    if (number == type) return own;
  }
  return std::nullopt;
}

/// Calls that may fail become an Error.
class Runtime {
 public:
  Runtime(const OnnxLibrary& library, std::string where)
      : library_(&library), where_(std::move(where)) {}

  template <class Entry, class... Values>
  void call(Entry entry, Values... values) const {
    ort::Status* status = library_->api.call(entry, values...);
    if (status == nullptr) return;
    const std::string message = library_->api.call(ort::ErrorMessage{}, status);
    library_->api.call(ort::ReleaseStatus{}, status);
    fail(where_, ": ONNX Runtime ", library_->about.version, ": ", printable(message));
  }

  /// What the call makes, released in the end.
  template <class T, class Release>
  std::shared_ptr<T> owned(T* object, Release release) const {
    return {object, [api = &library_->api, release](T* p) {
              if (p) api->call(release, p);
            }};
  }

  OnnxTensor tensor(std::string name, const ort::TypeInfo* type) const {
    OnnxTensor out{.name = std::move(name), .type = {}, .shape = {}};
    const ort::ShapeInfo* shape = nullptr;
    call(ort::ShapeOfType{}, type, &shape);
    if (shape == nullptr) return out;
    int element = 0;
    call(ort::ElementType{}, shape, &element);
    out.type = ours(element);
    out.shape = dimensions(shape);
    return out;
  }

  std::vector<std::int64_t> dimensions(const ort::ShapeInfo* info) const {
    std::size_t rank = 0;
    call(ort::Rank{}, info, &rank);
    std::vector<std::int64_t> shape(rank);
    if (rank > 0) call(ort::Dimensions{}, info, shape.data(), rank);
    for (std::int64_t& side : shape) side = std::max<std::int64_t>(side, -1);
    return shape;
  }

  const std::string& where() const { return where_; }

 private:
  const OnnxLibrary* library_;
  std::string where_;
};

/// One for the process, as the library wants it.
const ort::Env* environment(const OnnxLibrary& library) {
  static const ort::Env* const env = [&] {
    ort::Env* made = nullptr;
    Runtime(library, "onnx").call(ort::CreateEnv{}, ort::log_errors, "nescio", &made);
    return made;
  }();
  return env;
}

}  // namespace

int onnx_type(DType type) {
  for (const auto& [number, own] : types) {
    if (own == type) return number;
  }
  fail("ONNX has no type for ", name_of(type));
}

std::string to_string(const OnnxTensor& tensor) {
  std::vector<std::string> sides;
  for (const std::int64_t side : tensor.shape) sides.push_back(side < 0 ? "N" : text(side));
  return text(tensor.type ? name_of(*tensor.type) : "no numbers", " [", join(sides), "]");
}

struct OnnxSession::State {
  State(const OnnxLibrary& library, const std::string& where) : runtime(library, where) {}

  Runtime runtime;
  std::shared_ptr<ort::Session> session;
  std::shared_ptr<ort::MemoryInfo> memory;
  std::vector<OnnxTensor> inputs, outputs;

  template <class Name, class Type>
  OnnxTensor describe(std::size_t i, ort::Allocator* allocator, Name name_of, Type type_of) const {
    char* name = nullptr;
    runtime.call(name_of, session.get(), i, allocator, &name);
    std::string copy = name;
    runtime.call(ort::Free{}, allocator, static_cast<void*>(name));
    ort::TypeInfo* type = nullptr;
    runtime.call(type_of, session.get(), i, &type);
    const auto kept = runtime.owned(type, ort::ReleaseTypeInfo{});
    return runtime.tensor(std::move(copy), type);
  }

  Array array_of(const std::shared_ptr<ort::Value>& value, const std::string& name) const {
    int is_tensor = 0;
    runtime.call(ort::IsTensor{}, value.get(), &is_tensor);
    ort::ShapeInfo* info = nullptr;
    if (is_tensor) runtime.call(ort::ShapeOfValue{}, value.get(), &info);
    const auto kept_info = runtime.owned(info, ort::ReleaseShapeInfo{});
    int element = 0;
    if (info) runtime.call(ort::ElementType{}, info, &element);
    const auto type = ours(element);
    if (!type) fail(runtime.where(), ": '", printable(name), "' is no array of numbers");
    Shape shape;
    for (const std::int64_t side : runtime.dimensions(info))
      shape.push_back(static_cast<std::size_t>(side));
    void* data = nullptr;
    runtime.call(ort::TensorData{}, value.get(), &data);
    return {*type, std::move(shape), value, data};
  }
};

OnnxSession::OnnxSession(std::span<const std::uint8_t> model, const std::string& where,
                         const std::filesystem::path& folder) {
  const OnnxLibrary& library = needed_onnx_library();
  state_ = std::make_unique<State>(library, where);
  const Runtime& runtime = state_->runtime;
  const ort::Env* env = environment(library);
  ort::SessionOptions* made = nullptr;
  runtime.call(ort::CreateSessionOptions{}, &made);
  const auto options = runtime.owned(made, ort::ReleaseSessionOptions{});
  runtime.call(ort::SetSessionLogSeverity{}, made, ort::log_nothing);  // it comes back as a status
  runtime.call(ort::SetIntraOpThreads{}, made, thread_count());
  // Between two batches its threads would take the cores from those that decode pictures.
  runtime.call(ort::AddConfigEntry{}, made, "session.intra_op.allow_spinning", "0");
  if (!folder.empty()) {
    const std::string there = std::filesystem::absolute(folder).string();
    runtime.call(ort::AddConfigEntry{}, made,
                 "session.model_external_initializers_file_folder_path", there.c_str());
  }
  ort::Session* session = nullptr;
  runtime.call(ort::CreateSessionFromArray{}, env, static_cast<const void*>(model.data()),
               model.size(), made, &session);
  state_->session = runtime.owned(session, ort::ReleaseSession{});
  ort::MemoryInfo* memory = nullptr;
  runtime.call(ort::CreateCpuMemoryInfo{}, ort::device_allocator, ort::default_memory, &memory);
  state_->memory = runtime.owned(memory, ort::ReleaseMemoryInfo{});
  ort::Allocator* allocator = nullptr;
  runtime.call(ort::DefaultAllocator{}, &allocator);
  std::size_t count = 0;
  runtime.call(ort::InputCount{}, session, &count);
  for (std::size_t i = 0; i < count; ++i) {
    state_->inputs.push_back(state_->describe(i, allocator, ort::InputName{}, ort::InputType{}));
  }
  runtime.call(ort::OutputCount{}, session, &count);
  for (std::size_t i = 0; i < count; ++i) {
    state_->outputs.push_back(state_->describe(i, allocator, ort::OutputName{}, ort::OutputType{}));
  }
}
OnnxSession::~OnnxSession() = default;
OnnxSession::OnnxSession(OnnxSession&&) noexcept = default;
OnnxSession& OnnxSession::operator=(OnnxSession&&) noexcept = default;

const std::vector<OnnxTensor>& OnnxSession::inputs() const { return state_->inputs; }
const std::vector<OnnxTensor>& OnnxSession::outputs() const { return state_->outputs; }

std::vector<Array> OnnxSession::run(const std::map<std::string, Array>& inputs,
                                    const std::vector<std::string>& outputs) const {
  const Runtime& runtime = state_->runtime;
  std::vector<std::shared_ptr<ort::Value>> kept;
  std::vector<const ort::Value*> values;
  std::vector<const char*> names, wanted;
  for (const auto& [name, array] : inputs) {
    std::vector<std::int64_t> shape(array.shape().begin(), array.shape().end());
    ort::Value* value = nullptr;
    // Inputs are only read, whatever the interface says.
    runtime.call(ort::CreateTensor{}, state_->memory.get(), const_cast<void*>(array.data()),
                 array.bytes(), shape.data(), shape.size(), onnx_type(array.dtype()), &value);
    kept.push_back(runtime.owned(value, ort::ReleaseValue{}));
    values.push_back(value);
    names.push_back(name.c_str());
  }
  for (const std::string& name : outputs) wanted.push_back(name.c_str());
  std::vector<ort::Value*> said(outputs.size(), nullptr);
  runtime.call(ort::Run{}, state_->session.get(), nullptr, names.data(), values.data(),
               values.size(), wanted.data(), wanted.size(), said.data());
  std::vector<std::shared_ptr<ort::Value>> owned;
  for (ort::Value* value : said) owned.push_back(runtime.owned(value, ort::ReleaseValue{}));
  std::vector<Array> arrays;
  for (std::size_t i = 0; i < said.size(); ++i)
    arrays.push_back(state_->array_of(owned[i], outputs[i]));
  return arrays;
}

}  // namespace nescio::runtime
