// The CPU executor allocates nothing while it runs: its workspace is made before the first block. For
// single rows, nothing at all from the second run on.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <thread>

#include "base/threads.h"
#include "expr/single_rows.h"
#include "expr/test_operations.h"
#include "expr/test_points.h"

namespace {

std::atomic<std::size_t> allocations{0};

void* counted(std::size_t bytes, std::size_t alignment) {
  ++allocations;
  const std::size_t whole = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, std::max(whole, alignment));
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// All that there are: what one of them has allocated none of the others' owners may free.
void* operator new(std::size_t bytes) { return counted(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return counted(bytes, alignof(std::max_align_t));
}
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace nescio::expr {
namespace {

/// Allocations of one run over these rows by a thread that has never run anything, the workspace being there.
std::size_t allocations_of(const Program& program, const Batch& batch, Output out) {
  program.run(batch, {out});
  std::size_t count = 0;
  std::thread([&] {
    const std::size_t before = allocations;
    program.run(batch, {out}, InputCheck::none);
    count = allocations - before;
  }).join();
  return count;
}

class OneThread : public testing::Test {
 protected:
  OneThread() { set_thread_count(1); }
  ~OneThread() override { set_thread_count(before_); }
  void SetUp() override {
#ifndef _OPENMP
    GTEST_SKIP() << "oneDNN's threads cannot be limited without OpenMP, and it allocates for them";
#endif
  }

 private:
  int before_ = thread_count();
};

using Allocations = OneThread;

// A run has a list of workspaces and a function for the threads, whatever the rows.
TEST_F(Allocations, DoNotHappenInKernels) {
  const std::size_t width = 30;
  for (const Case& c : all_cases()) {
    SCOPED_TRACE(c.name);
    const auto graph = std::make_shared<Graph>();
    const Expr e = c.build(input(graph, "x", width), input(graph, "y", width));
    const auto program = compile({e}, Executor::cpu);
    const std::size_t rows = 2 * program->block_rows() + 5;
    const Values x = random_values(rows * width, 1, 1), y = random_values(rows * width, 2, 1);
    const Batch batch{{"x", {x.data(), rows, width}}, {"y", {y.data(), rows, width}}};
    Values out(rows * e.width());
    EXPECT_LE(allocations_of(*program, batch, out.data()), 2u);
  }
}

TEST_F(Allocations, DoNotHappenForSingleRows) {
  const std::size_t width = 30, rows = 3;
  const Values x = random_values(rows * width, 1, 1), y = random_values(rows * width, 2, 1);
  const Batch batch{{"x", {x.data(), rows, width}}, {"y", {y.data(), rows, width}}};
  for (const Case& c : all_cases()) {
    SCOPED_TRACE(c.name);
    const auto graph = std::make_shared<Graph>();
    const Expr e = c.build(input(graph, "x", width), input(graph, "y", width));
    Values out(rows * e.width());
    EXPECT_EQ(allocations_of(*compile({e}, single_rows), batch, out.data()), 0u);
  }
}

// Searches take other ways where neighbours are closer than rounding.
TEST_F(Allocations, DoNotHappenWhereverThePointsLie) {
  const std::size_t bank = 1500, width = 20;
  for (const Points& points : hard_points(bank, width)) {
    SCOPED_TRACE(points.name);
    const auto graph = std::make_shared<Graph>();
    const Expr nearest =
        column(over_rows(Over::smallest,
                         squared_distances(input(graph, "x", width),
                                           Array({bank, width}, std::vector(points.bank)))),
               9);
    const Batch batch{{"x", {points.x.data(), Points::queries, width}}};
    Values easy(Points::queries * width), out(Points::queries);
    const auto program = compile({nearest}, Executor::cpu);
    program->run({{"x", {easy.data(), Points::queries, width}}}, {out.data()});
    const std::size_t before = allocations;
    program->run(batch, {out.data()}, InputCheck::none);
    EXPECT_LE(allocations - before, 3u);
  }
}

}  // namespace
}  // namespace nescio::expr
