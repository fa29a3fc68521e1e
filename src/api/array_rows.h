// The caller's arrays as the library sees them.
#pragma once

#include <nescio/nescio.h>

#include <optional>
#include <span>
#include <string>

#include "bank/bank_view.h"
#include "base/array.h"
#include "base/matrix_view.h"

namespace nescio::api {

/// The caller's list of arrays. Error for NULL with a count.
std::span<const nescio_array> list_of(const nescio_array* arrays, std::size_t count);
/// The rows of an array; allocates nothing. Error for one without a name, data or columns, with rows that overlap, or data that are no
/// aligned floats.
MatrixView view_of(const nescio_array& array);
/// The same as an array, which borrows the caller's memory where the rows have no gaps between them.
Array array_of(const nescio_array& array);
/// The same, checked for NaN and infinity.
Array finite_array_of(const nescio_array& array);

/// The last layer W [classes, features], b [classes], which borrows the caller's memory. Error as above, and for a layer without
/// classes.
Head head_of(const float* weight, const float* bias, std::size_t classes, std::size_t features);

/// A split of a bank in memory, which borrows the caller's arrays. Error, beginning with `name`, as above, and for arrays of
/// other widths than the head's.
bank::BankView split_of(const std::string& name, const nescio_rows& rows,
                        const std::optional<Head>& head);

}  // namespace nescio::api
