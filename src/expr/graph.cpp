#include "expr/graph.h"

#include <cstring>
#include <string_view>

#include "base/error.h"
#include "base/rng.h"

namespace nescio::expr {

Table::Table(Matrix matrix) : Table(Array({matrix.rows, matrix.cols}, std::move(matrix.values))) {}

Table::Table(Array array) : array_(std::move(array)) {
  if (array_.dtype() != DType::float32 && array_.dtype() != DType::float64) {
    array_ = array_.to_float64();
  }
  const bool flat = array_.shape().size() < 2;
  rows_ = flat ? 1 : array_.rows();
  cols_ = flat ? array_.size() : array_.cols();
}

double Table::value(std::size_t i) const {
  return array_.dtype() == DType::float32 ? array_.as<float>()[i] : array_.as<double>()[i];
}

bool Table::is_scalar(double value) const {
  return rows_ == 1 && cols_ == 1 && this->value(0) == value;
}

namespace {

std::uint64_t hash_bytes(const void* data, std::size_t bytes) {
  const auto* at = static_cast<const char*>(data);
  std::uint64_t h = bytes;
  for (; bytes >= 8; at += 8, bytes -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    h = (h ^ word) * 0x9ddfea08eb382d69u;
    h ^= h >> 29;
  }
  std::uint64_t word = 0;
  if (bytes > 0) std::memcpy(&word, at, bytes);
  return mix(h, word);
}

std::uint64_t hash(const Node& node) {
  std::uint64_t h = mix(static_cast<std::uint64_t>(node.op), node.width, node.table);
  for (const NodeId a : node.arguments) h = mix(h, a);
  for (const std::int64_t i : node.integers) h = mix(h, static_cast<std::uint64_t>(i));
  return mix(h, hash_bytes(node.name.data(), node.name.size()));
}

bool same_node(const Node& a, const Node& b) {
  return a.op == b.op && a.arguments == b.arguments && a.integers == b.integers &&
         a.name == b.name && a.width == b.width && a.table == b.table;
}

bool same_node(const Table& a, const Table& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() && a.array().dtype() == b.array().dtype() &&
         (a.array().data() == b.array().data() ||
          std::memcmp(a.array().data(), b.array().data(), a.array().bytes()) == 0);
}

}  // namespace

NodeId Graph::add(Node node) {
  const std::uint64_t h = hash(node);
  const auto [first, last] = by_hash_.equal_range(h);
  for (auto it = first; it != last; ++it) {
    if (same_node(nodes_[it->second], node)) return it->second;
  }
  nodes_.push_back(std::move(node));
  const auto id = static_cast<NodeId>(nodes_.size() - 1);
  by_hash_.emplace(h, id);
  return id;
}

NodeId Graph::add(const Table& table) {
  const auto known = by_address_.find(table.array().data());
  if (known != by_address_.end() && same_node(this->table(known->second), table))
    return known->second;

  const std::uint64_t h =
      mix(hash_bytes(table.array().data(), table.array().bytes()), table.rows(), table.cols());
  const auto [first, last] = by_hash_.equal_range(h);
  for (auto it = first; it != last; ++it) {
    if (nodes_[it->second].op == Op::constant && same_node(this->table(it->second), table)) {
      return it->second;
    }
  }
  Node node;
  node.op = Op::constant;
  node.width = table.cols();
  node.table = tables_.size();
  tables_.push_back(table);  // keeps the storage alive, so its address stays unique
  nodes_.push_back(std::move(node));
  const auto id = static_cast<NodeId>(nodes_.size() - 1);
  by_hash_.emplace(h, id);
  by_address_.emplace(table.array().data(), id);
  return id;
}

}  // namespace nescio::expr
