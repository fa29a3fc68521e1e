#include "arrays.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/threads.h"
#include "expr/program.h"
#include "math/row_kernels.h"

namespace nescio::python {
namespace {

std::atomic<bool> pressed{false};

void on_interrupt(int) {
  pressed = true;
  request_interrupt();
}

DType dtype_of_python(const nb::dlpack::dtype& type) {
  if (type == nb::dtype<float>()) return DType::float32;
  if (type == nb::dtype<double>()) return DType::float64;
  if (type == nb::dtype<std::int64_t>()) return DType::int64;
  fail("array: expected float32, float64 or int64, found DLPack type code ",
       static_cast<int>(type.code), " of ", static_cast<int>(type.bits), " bits");
}

nb::dlpack::dtype python_dtype(DType type) {
  switch (type) {
    case DType::boolean: return nb::dtype<bool>();
    case DType::uint8: return nb::dtype<std::uint8_t>();
    case DType::uint16: return nb::dtype<std::uint16_t>();
    case DType::uint32: return nb::dtype<std::uint32_t>();
    case DType::uint64: return nb::dtype<std::uint64_t>();
    case DType::int8: return nb::dtype<std::int8_t>();
    case DType::int16: return nb::dtype<std::int16_t>();
    case DType::int32: return nb::dtype<std::int32_t>();
    case DType::int64: return nb::dtype<std::int64_t>();
    case DType::float16: return {static_cast<std::uint8_t>(nb::dlpack::dtype_code::Float), 16, 1};
    case DType::bfloat16:
    case DType::float32: return nb::dtype<float>();
    case DType::float64: return nb::dtype<double>();
  }
  return nb::dtype<float>();
}

}  // namespace

Array to_array(const AnyArray& array) {
  Shape shape;
  for (std::size_t d = 0; d < array.ndim(); ++d) shape.push_back(array.shape(d));
  // The last copy may go while other Python threads run.
  std::shared_ptr<const void> owner(new AnyArray(array), [](const void* kept) {
    const nb::gil_scoped_acquire acquired;
    delete static_cast<const AnyArray*>(kept);
  });
  return Array(dtype_of_python(array.dtype()), std::move(shape), std::move(owner), array.data());
}

std::map<std::string, Array> to_arrays(const ArraysByName& arrays) {
  std::map<std::string, Array> out;
  for (const auto& [name, array] : arrays) out.emplace(name, to_array(array));
  return out;
}

Array copied(const Array& array) {
  auto bytes = std::make_shared<std::vector<std::byte>>(array.bytes());
  if (!bytes->empty()) std::memcpy(bytes->data(), array.data(), bytes->size());
  const void* data = bytes->data();
  return Array(array.dtype(), array.shape(), std::move(bytes), data);
}

nb::object to_numpy(const Array& array) {
  if (array.dtype() == DType::bfloat16) return to_numpy(array.to_float32());
  auto* kept = new Array(array);
  nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<Array*>(p); });
  return nb::cast(nb::ndarray<nb::numpy, nb::ro>(const_cast<void*>(array.data()),
                                                 array.shape().size(), array.shape().data(), owner,
                                                 nullptr, python_dtype(array.dtype())));
}

void require_finite(const std::string& name, const Array& array) {
  if (array.dtype() != DType::float32 || array.empty()) return;
  const MatrixView view = array.matrix();
  constexpr std::size_t block = 1024;
  parallel_for((view.rows + block - 1) / block, [&](std::size_t b) {
    const std::size_t first = b * block, rows = std::min(block, view.rows - first);
    if (math::all_finite(view.row(first), rows * view.cols)) return;
    expr::refuse_not_finite(name, view, first, rows);
  });
}

Computing::Computing() {
  // Signals are delivered to any thread, but only Python's main thread answers them.
  if (::syscall(SYS_gettid) == ::getpid() && ::sigaction(SIGINT, nullptr, &before_) == 0 &&
      before_.sa_handler != SIG_IGN) {
    struct sigaction ours = {};
    ours.sa_handler = on_interrupt;
    sigemptyset(&ours.sa_mask);
    ours.sa_flags = SA_RESTART;
    listens_ = ::sigaction(SIGINT, &ours, nullptr) == 0;
  }
  released_ = PyEval_SaveThread();
}

Computing::~Computing() {
  PyEval_RestoreThread(released_);
  if (!listens_) return;
  ::sigaction(SIGINT, &before_, nullptr);
  if (!pressed.exchange(false)) return;
  clear_interrupt();
  PyErr_SetInterrupt();  // Python's own handler is called at the next occasion
}

void raise_interrupt() {
  if (PyErr_CheckSignals() == 0) PyErr_SetNone(PyExc_KeyboardInterrupt);
}

}  // namespace nescio::python
