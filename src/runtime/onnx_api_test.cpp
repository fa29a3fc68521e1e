#include "runtime/onnx_api.h"

#include <gtest/gtest.h>

#if __has_include(<onnxruntime_c_api.h>)
#include <onnxruntime_c_api.h>
#define NESCIO_HAS_HEADER
#endif

namespace nescio::runtime::ort {
namespace {

TEST(OnnxApi, PlacesAreThoseOfTheHeader) {
#ifndef NESCIO_HAS_HEADER
  GTEST_SKIP() << "no onnxruntime_c_api.h (-DNESCIO_ONNXRUNTIME_INCLUDE=FOLDER)";
#else
  static_assert(ORT_API_VERSION >= interface_version);
#define EXPECT_PLACE(ours, theirs) \
  EXPECT_EQ(ours::place, offsetof(OrtApi, theirs) / sizeof(void*)) << #theirs
  EXPECT_PLACE(ErrorMessage, GetErrorMessage);
  EXPECT_PLACE(CreateEnv, CreateEnv);
  EXPECT_PLACE(CreateSessionFromArray, CreateSessionFromArray);
  EXPECT_PLACE(Run, Run);
  EXPECT_PLACE(CreateSessionOptions, CreateSessionOptions);
  EXPECT_PLACE(SetSessionLogSeverity, SetSessionLogSeverityLevel);
  EXPECT_PLACE(SetIntraOpThreads, SetIntraOpNumThreads);
  EXPECT_PLACE(InputCount, SessionGetInputCount);
  EXPECT_PLACE(OutputCount, SessionGetOutputCount);
  EXPECT_PLACE(InputType, SessionGetInputTypeInfo);
  EXPECT_PLACE(OutputType, SessionGetOutputTypeInfo);
  EXPECT_PLACE(InputName, SessionGetInputName);
  EXPECT_PLACE(OutputName, SessionGetOutputName);
  EXPECT_PLACE(CreateTensor, CreateTensorWithDataAsOrtValue);
  EXPECT_PLACE(IsTensor, IsTensor);
  EXPECT_PLACE(TensorData, GetTensorMutableData);
  EXPECT_PLACE(ShapeOfType, CastTypeInfoToTensorInfo);
  EXPECT_PLACE(ElementType, GetTensorElementType);
  EXPECT_PLACE(Rank, GetDimensionsCount);
  EXPECT_PLACE(Dimensions, GetDimensions);
  EXPECT_PLACE(ShapeOfValue, GetTensorTypeAndShape);
  EXPECT_PLACE(CreateCpuMemoryInfo, CreateCpuMemoryInfo);
  EXPECT_PLACE(Free, AllocatorFree);
  EXPECT_PLACE(DefaultAllocator, GetAllocatorWithDefaultOptions);
  EXPECT_PLACE(ReleaseStatus, ReleaseStatus);
  EXPECT_PLACE(ReleaseMemoryInfo, ReleaseMemoryInfo);
  EXPECT_PLACE(ReleaseSession, ReleaseSession);
  EXPECT_PLACE(ReleaseValue, ReleaseValue);
  EXPECT_PLACE(ReleaseTypeInfo, ReleaseTypeInfo);
  EXPECT_PLACE(ReleaseShapeInfo, ReleaseTensorTypeAndShapeInfo);
  EXPECT_PLACE(ReleaseSessionOptions, ReleaseSessionOptions);
  EXPECT_PLACE(AddConfigEntry, AddSessionConfigEntry);
#undef EXPECT_PLACE
#endif
}

}  // namespace
}  // namespace nescio::runtime::ort
