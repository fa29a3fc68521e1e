// What one thread of the CPU executor writes while it works on a block of rows.
#pragma once

#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "expr/cpu_kernels.h"
#include "expr/plan.h"
#include "expr/tile_reduction.h"
#include "math/nearest_rows.h"

namespace nescio::expr {

/// Columns of a tile; those of a search, whose tiles lie in the same buffers.
inline constexpr std::size_t tile_columns = math::NearestRows::tile_columns;

/// 64-byte aligned floats that are not initialised.
class FloatBuffer {
 public:
  explicit FloatBuffer(std::size_t count);
  float* data() const { return data_.get(); }

 private:
  struct Free {
    void operator()(float* p) const { std::free(p); }
  };
  std::unique_ptr<float[], Free> data_;
};

/// The constants of a program as kernels read them: made once, shared by all threads.
class CpuConstants {
 public:
  CpuConstants(const Graph& graph, const Plan& plan);

  CpuValues values(NodeId constant) const;
  /// Of a constant that is the table of an operation of TableRole::nearest.
  const math::DistanceTable& distances(NodeId constant) const { return distances_.at(constant); }
  /// Of a table that is searched, where they are made; null elsewhere.
  const math::SearchBounds* bounds(NodeId constant) const;
  /// Makes them for all tables that are searched, of so many points at a time, once. They cost as much time as they save about a thousand
  /// rows, so a program that scores a single photo goes without. Workspaces of before keep going without. False if no
  /// table is searched.
  bool make_bounds(std::size_t points);

 private:
  void add(NodeId constant);
  void add_distances(NodeId constant);
  void add_bands(NodeId constant);

  const Graph& graph_;
  std::map<NodeId, Array> floats_;
  std::map<NodeId, std::vector<float>> rests_;  // of one row in double: what its floats leave of it
  std::map<NodeId, math::DistanceTable> distances_;
  std::map<NodeId, std::vector<math::ColumnBand>> bands_of_columns_;  // where they pay
  std::map<NodeId, std::size_t> searched_;  // how many of the nearest rows are asked for at most
  mutable std::mutex mutex_;                // of bounds_
  std::map<NodeId, math::SearchBounds> bounds_;
};

/// All memory of a thread, taken before the first block: running allocates nothing.
struct CpuWorkspace {
  CpuWorkspace(const Graph& graph, const Plan& plan, const CpuConstants& constants,
               std::size_t block_rows);

  FloatBuffer padded;                // inputs of the last, shorter block
  FloatBuffer slots;                 // of steps
  FloatBuffer tiles;                 // of the tile loop or the search that runs
  FloatBuffer scratch;               // of the kernel that runs
  std::vector<CpuValues> values;     // by node: inputs, constants, results of steps
  std::vector<float*> results;       // by node: where its step writes
  std::vector<CpuValues> in_tile;    // by place in the body of the tile loop that runs
  std::vector<CpuValues> arguments;  // of the kernel that runs
  std::map<NodeId, TileReduction> reductions;
  std::map<NodeId, math::NearestRows> searches;

 private:
  void place(NodeId id, const Plan& plan, std::size_t block_rows);
};

/// Floats that `count` of them take where the next buffer begins on a cache line.
constexpr std::size_t in_cache_lines(std::size_t count) { return (count + 15) / 16 * 16; }

}  // namespace nescio::expr
