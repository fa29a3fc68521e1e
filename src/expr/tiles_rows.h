// Row of reductions over the rows of a bank, tile by tile.
#pragma once

#include "expr/op_info.h"

namespace nescio::expr {

#define NESCIO_TILES(X) X(over_rows, OpInfo{.columns = all_columns, .prefix = true})

}  // namespace nescio::expr
