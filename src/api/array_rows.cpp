#include "api/array_rows.h"

#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <set>

#include "api/call.h"
#include "base/within.h"
#include "expr/program.h"
#include "math/row_kernels.h"

namespace nescio::api {
namespace {

// Beyond it a class is no class but a mistake, and tables by class would take all memory.
constexpr std::int64_t most_classes = std::int64_t{1} << 24;

constexpr std::size_t most_floats = std::numeric_limits<std::ptrdiff_t>::max() / sizeof(float);

std::string shape_of(const nescio_array& array) { return to_string({array.rows, array.cols}); }

Array labels_of(const std::int64_t* labels, std::size_t rows) {
  for (std::size_t r = 0; r < rows; ++r) {
    if (labels[r] < -1 || labels[r] >= most_classes) {
      fail("row ", r, " has label ", labels[r], "; expected classes 0 .. C - 1");
    }
  }
  return {DType::int64, {rows}, nullptr, labels};
}

void check_width(const nescio_array& array, const char* name, std::size_t expected) {
  if (std::strcmp(array.name, name) != 0 || array.cols == expected) return;
  fail(name, ": expected [N, ", expected, "] as the head has, found ", shape_of(array));
}

}  // namespace

std::span<const nescio_array> list_of(const nescio_array* arrays, std::size_t count) {
  if (count > 0) given(arrays, "arrays");
  return {arrays, count};
}

MatrixView view_of(const nescio_array& array) {
  const std::string_view name = given(array.name, "the name of an array");
  if (array.rows == 0) return {array.data, 0, array.cols, array.cols};
  given(array.data, array.name);
  if (array.cols == 0) throw InvalidArgument(text(name, ": expected columns, found none"));
  if (reinterpret_cast<std::uintptr_t>(array.data) % alignof(float) != 0) {
    throw InvalidArgument(text(name, ": expected aligned floats, found an odd address"));
  }
  const std::size_t stride = array.stride == 0 ? array.cols : array.stride;
  if (stride < array.cols) {
    throw InvalidArgument(text(name, ": expected rows at least ", array.cols,
                               " floats apart, found a stride of ", stride));
  }
  if (array.rows > most_floats / stride) {
    throw InvalidArgument(text(name, ": expected rows that memory can hold, found ", array.rows,
                               " that are ", stride, " floats apart"));
  }
  return {array.data, array.rows, array.cols, stride};
}

Array array_of(const nescio_array& array) {
  const MatrixView view = view_of(array);
  const Shape shape{view.rows, view.cols};
  if (view.stride == view.cols || view.rows <= 1) {
    return {DType::float32, shape, nullptr, view.data};
  }
  std::vector<float> values;
  values.reserve(count_of(shape));
  for (std::size_t r = 0; r < view.rows; ++r) {
    values.insert(values.end(), view.row(r), view.row(r) + view.cols);
  }
  return {shape, std::move(values)};
}

Array finite_array_of(const nescio_array& array) {
  Array out = array_of(array);
  if (!math::all_finite(out.as<float>().data(), out.size())) {
    expr::refuse_not_finite(array.name, out.matrix(), 0, out.rows());
  }
  return out;
}

Head head_of(const float* weight, const float* bias, std::size_t classes, std::size_t features) {
  const Array w = finite_array_of({"head_weight", weight, classes, features, 0});
  const Array b = finite_array_of({"head_bias", bias, 1, classes, 0});
  if (w.empty()) fail("head_weight: expected [C, D], found ", to_string(w.shape()));
  return {w, b.reshape({classes})};
}

bank::BankView split_of(const std::string& name, const nescio_rows& rows,
                        const std::optional<Head>& head) {
  return within(name + ": ", [&] {
    std::map<std::string, Array> arrays;
    std::size_t count = 0;
    for (const nescio_array& array : list_of(rows.arrays, rows.array_count)) {
      Array values = finite_array_of(array);
      count = values.rows();
      if (count == 0) fail(array.name, " has no rows");
      if (head) {
        check_width(array, "logits", head->weight.rows());
        check_width(array, "features", head->weight.cols());
      }
      if (!arrays.emplace(array.name, std::move(values)).second) {
        throw InvalidArgument(text("there are two arrays called '", array.name, "'"));
      }
    }
    if (rows.labels != nullptr) arrays.insert_or_assign("labels", labels_of(rows.labels, count));
    return bank::view_of(name, arrays, head);
  });
}

}  // namespace nescio::api
