#include "expr/cpu_workspace.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace nescio::expr {
namespace {

/// f(node, width of its first argument) for everything that a kernel computes, in steps and in tile loops.
template <class F>
void for_each_kernel(const Graph& graph, const Plan& plan, F f) {
  const auto call = [&](NodeId id) {
    const Node& node = graph.node(id);
    f(node, graph.node(node.arguments[0]).width);
  };
  for (const Plan::Step& step : plan.steps) {
    if (const auto* compute = std::get_if<Plan::Compute>(&step.work)) call(compute->node);
    if (const auto* loop = std::get_if<Plan::TileLoop>(&step.work)) {
      for (const Plan::TileNode& tile : loop->body) call(tile.node);
    }
  }
}

std::size_t padded_floats(const Graph& graph, const Plan& plan, std::size_t rows) {
  std::size_t sum = 0;
  for (const NodeId id : plan.inputs) sum += in_cache_lines(graph.node(id).width * rows);
  return sum;
}

std::size_t slot_floats(const Plan& plan, std::size_t rows) {
  std::size_t sum = 0;
  for (const std::size_t columns : plan.slot_columns) sum += in_cache_lines(columns * rows);
  return sum;
}

std::size_t tile_floats(const Plan& plan, std::size_t rows) {
  const bool searches = std::ranges::any_of(plan.steps, [](const Plan::Step& step) {
    return std::holds_alternative<Plan::Search>(step.work);
  });
  return std::max<std::size_t>(plan.tile_slots, searches ? 1 : 0) * rows * tile_columns;
}

std::size_t scratch_floats(const Graph& graph, const Plan& plan, std::size_t rows) {
  std::size_t most = 0;
  for_each_kernel(graph, plan, [&](const Node& node, std::size_t width) {
    const CpuKernel& kernel = cpu_kernel(node.op);
    if (kernel.scratch != nullptr) most = std::max(most, kernel.scratch(rows, width));
  });
  for (const Plan::Step& step : plan.steps) {
    const auto* search = std::get_if<Plan::Search>(&step.work);
    if (search == nullptr) continue;
    const std::size_t width = graph.node(search->x).width;
    most = std::max(most, math::DistanceTable::scratch_floats(rows, width));
  }
  return most;
}

}  // namespace

FloatBuffer::FloatBuffer(std::size_t count)
    : data_(static_cast<float*>(std::aligned_alloc(64, in_cache_lines(count) * sizeof(float)))) {
  if (!data_ && count > 0) fail("out of memory for ", count * sizeof(float), " bytes");
}

CpuConstants::CpuConstants(const Graph& graph, const Plan& plan) : graph_(graph) {
  for (const NodeId id : plan.constants) add(id);
  for_each_kernel(graph, plan, [&](const Node& node, std::size_t) {
    const TableRole role = info(node.op).table_role;
    if (role == TableRole::nearest) add_distances(node.arguments[1]);
    if (role == TableRole::multiplied) add_bands(node.arguments[1]);
  });
  for (const Plan::Step& step : plan.steps) {
    const auto* search = std::get_if<Plan::Search>(&step.work);
    if (search == nullptr) continue;
    add_distances(search->table);
    std::size_t& nearest = searched_[search->table];
    for (const ColumnRange& range : plan.reads[search->node]) {
      nearest = std::max(nearest, range.last);
    }
  }
}

void CpuConstants::add(NodeId constant) {
  const Table& table = graph_.table(constant);
  const auto& floats = floats_.emplace(constant, table.array().to_float32()).first->second;
  if (table.rows() != 1 || table.array().dtype() != DType::float64) return;
  std::vector<float> rest(table.cols());
  for (std::size_t c = 0; c < rest.size(); ++c) {
    const float value = floats.as<float>()[c];
    if (std::isfinite(value)) rest[c] = static_cast<float>(table.value(c) - value);
  }
  if (std::ranges::any_of(rest, [](float v) { return v != 0; })) {
    rests_.emplace(constant, std::move(rest));
  }
}

void CpuConstants::add_distances(NodeId constant) {
  const Table& table = graph_.table(constant);
  distances_.try_emplace(constant, table.array(), table.rows(), table.cols());
}

void CpuConstants::add_bands(NodeId constant) {
  const CpuValues table = values(constant);
  auto bands = math::column_bands(table.data, table.rows, table.width);
  if (!bands.empty()) bands_of_columns_.try_emplace(constant, std::move(bands));
}

const math::SearchBounds* CpuConstants::bounds(NodeId constant) const {
  const std::lock_guard lock(mutex_);
  const auto found = bounds_.find(constant);
  return found == bounds_.end() ? nullptr : &found->second;
}

bool CpuConstants::make_bounds(std::size_t points) {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, nearest] : searched_) {
    if (!bounds_.contains(id))
      bounds_.emplace(id, math::bounds_that_pay(distances(id), nearest, points));
  }
  return !searched_.empty();
}

CpuValues CpuConstants::values(NodeId constant) const {
  const Table& table = graph_.table(constant);
  const auto rest = rests_.find(constant);
  const auto bands = bands_of_columns_.find(constant);
  return {floats_.at(constant).as<float>().data(),
          table.rows(),
          table.cols(),
          table.rows() == 1 ? 0 : table.cols(),
          rest == rests_.end() ? nullptr : rest->second.data(),
          bands == bands_of_columns_.end() ? std::span<const math::ColumnBand>{}
                                           : std::span<const math::ColumnBand>(bands->second)};
}

CpuWorkspace::CpuWorkspace(const Graph& graph, const Plan& plan, const CpuConstants& constants,
                           std::size_t block_rows)
    : padded(padded_floats(graph, plan, block_rows)),
      slots(slot_floats(plan, block_rows)),
      tiles(tile_floats(plan, block_rows)),
      scratch(scratch_floats(graph, plan, block_rows)),
      values(graph.size()),
      results(graph.size()) {
  for (const NodeId id : plan.constants) values[id] = constants.values(id);
  std::size_t most_arguments = 0;
  for_each_kernel(graph, plan, [&](const Node& node, std::size_t) {
    most_arguments = std::max(most_arguments, node.arguments.size());
  });
  arguments.resize(most_arguments);
  const auto over = [&](NodeId id) { return static_cast<Over>(graph.node(id).integers[0]); };
  for (const Plan::Step& step : plan.steps) {
    for (const NodeId id : step.results) place(id, plan, block_rows);
    if (const auto* loop = std::get_if<Plan::TileLoop>(&step.work)) {
      in_tile.resize(std::max(in_tile.size(), loop->body.size()));
      for (const auto& [id, body] : loop->reductions) {
        reductions.try_emplace(id, over(id), block_rows, plan.columns[id]);
      }
    }
    if (const auto* search = std::get_if<Plan::Search>(&step.work)) {
      std::vector<math::Ranks> wanted;
      for (const ColumnRange& range : plan.reads[search->node]) {
        wanted.push_back({range.first, range.last});
      }
      const auto order =
          over(search->node) == Over::smallest ? math::Order::ascending : math::Order::descending;
      searches.try_emplace(search->node, constants.distances(search->table),
                           constants.bounds(search->table), block_rows, order, std::move(wanted));
    }
  }
}

void CpuWorkspace::place(NodeId id, const Plan& plan, std::size_t block_rows) {
  float* at = slots.data();
  for (std::size_t slot = 0; slot < plan.slot[id]; ++slot) {
    at += in_cache_lines(plan.slot_columns[slot] * block_rows);
  }
  results[id] = at;
  values[id] = {at, block_rows, plan.columns[id], plan.columns[id]};
}

}  // namespace nescio::expr
