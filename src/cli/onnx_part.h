// What the verbs that read ONNX models say in a program that was built without their schema.
#pragma once

#include "base/error.h"

namespace nescio::cli {

[[noreturn]] inline void fail_without_onnx() {
  fail(
      "this program was built without ONNX's schema; install libonnx-dev and libprotobuf-dev and "
      "build it again");
}

}  // namespace nescio::cli
