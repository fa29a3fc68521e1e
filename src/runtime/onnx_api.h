// The functions of ONNX Runtime's C interface that we call, by their places in its table.
//
// The table only ever grows at its end, so a place holds the same function in every release from the one on
// that has it; all of these are there since version 17 of the interface (ONNX Runtime 1.17). Declared here
// because the packages that most people have bring the library without its headers; where there are headers,
// onnx_api_test.cpp compares.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace nescio::runtime::ort {

inline constexpr std::uint32_t interface_version = 17;

struct Status;
struct Env;
struct Session;
struct SessionOptions;
struct RunOptions;
struct Value;
struct MemoryInfo;
struct TypeInfo;
struct ShapeInfo;
struct Metadata;
struct Allocator;

/// What the library's only exported function gives.
struct Base {
  const void* const* (*table)(std::uint32_t version);  // null where it is older than that
  const char* (*version)();
};

// Values of the interface's enumerations.
inline constexpr int log_errors = 3, log_nothing = 4;
inline constexpr int device_allocator = 0, default_memory = 0;

template <std::size_t Place, class Function>
struct Entry {
  static constexpr std::size_t place = Place;
};

using ErrorMessage = Entry<2, const char*(const Status*)>;
using CreateEnv = Entry<3, Status*(int level, const char* name, Env**)>;
using CreateSessionFromArray = Entry<8, Status*(const Env*, const void* data, std::size_t bytes,
                                                const SessionOptions*, Session**)>;
using Run =
    Entry<9, Status*(Session*, const RunOptions*, const char* const* input_names,
                     const Value* const* inputs, std::size_t input_count,
                     const char* const* output_names, std::size_t output_count, Value** outputs)>;
using CreateSessionOptions = Entry<10, Status*(SessionOptions**)>;
using SetSessionLogSeverity = Entry<22, Status*(SessionOptions*, int level)>;
using SetIntraOpThreads = Entry<24, Status*(SessionOptions*, int threads)>;
using InputCount = Entry<30, Status*(const Session*, std::size_t*)>;
using OutputCount = Entry<31, Status*(const Session*, std::size_t*)>;
using InputType = Entry<33, Status*(const Session*, std::size_t, TypeInfo**)>;
using OutputType = Entry<34, Status*(const Session*, std::size_t, TypeInfo**)>;
using InputName = Entry<36, Status*(const Session*, std::size_t, Allocator*, char**)>;
using OutputName = Entry<37, Status*(const Session*, std::size_t, Allocator*, char**)>;
using CreateTensor =
    Entry<49, Status*(const MemoryInfo*, void* data, std::size_t bytes, const std::int64_t* shape,
                      std::size_t rank, int type, Value**)>;
using IsTensor = Entry<50, Status*(const Value*, int*)>;
using TensorData = Entry<51, Status*(Value*, void**)>;
using ShapeOfType =
    Entry<55, Status*(const TypeInfo*, const ShapeInfo**)>;  // null if it is no tensor
using ElementType = Entry<60, Status*(const ShapeInfo*, int*)>;
using Rank = Entry<61, Status*(const ShapeInfo*, std::size_t*)>;
using Dimensions = Entry<62, Status*(const ShapeInfo*, std::int64_t*, std::size_t rank)>;
using ShapeOfValue = Entry<65, Status*(const Value*, ShapeInfo**)>;
using CreateCpuMemoryInfo = Entry<69, Status*(int allocator, int memory, MemoryInfo**)>;
using Free = Entry<76, Status*(Allocator*, void*)>;
using DefaultAllocator = Entry<78, Status*(Allocator**)>;
using ReleaseStatus = Entry<93, void(Status*)>;
using ReleaseMemoryInfo = Entry<94, void(MemoryInfo*)>;
using ReleaseSession = Entry<95, void(Session*)>;
using ReleaseValue = Entry<96, void(Value*)>;
using ReleaseTypeInfo = Entry<98, void(TypeInfo*)>;
using ReleaseShapeInfo = Entry<99, void(ShapeInfo*)>;
using ReleaseSessionOptions = Entry<100, void(SessionOptions*)>;
using AddConfigEntry = Entry<130, Status*(SessionOptions*, const char* key, const char* value)>;

/// Calls through the table.
class Api {
 public:
  explicit Api(const void* const* table) : table_(table) {}

  template <std::size_t Place, class Result, class... Parameters>
  Result call(Entry<Place, Result(Parameters...)>,
              std::type_identity_t<Parameters>... values) const {
    return reinterpret_cast<Result (*)(Parameters...)>(const_cast<void*>(table_[Place]))(values...);
  }

 private:
  const void* const* table_;
};

}  // namespace nescio::runtime::ort
