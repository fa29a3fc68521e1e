// What builders of all families are made of. Seen by them only.
#pragma once

#include <string_view>
#include <vector>

#include "expr/value.h"

namespace nescio::expr {

/// A node of `op`; equal ones are one. Error if arguments are missing or of two graphs.
Expr make(Op op, const std::vector<Expr>& arguments, std::size_t width,
          ValueType type = ValueType::number, std::vector<std::int64_t> integers = {});
/// The table as a node of the graph of `like`.
Expr of(const Expr& like, const Table& table);
bool is_table(const Expr& e);
std::string_view name_of(ValueType type);

/// Error "expected `what`, found a table of this shape" unless `ok`.
void require(Op op, bool ok, std::string_view what, const Table& table, const Expr& x);
void require_index(Op op, const Expr& index);

}  // namespace nescio::expr
