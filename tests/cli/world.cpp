#include "world.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "io/npy.h"
#include "program.h"

namespace nescio {
namespace {

constexpr double distance = 3;

// The head is the class centres themselves: class c lies along feature c (mod width).
float head_weight(const World& world, std::size_t c, std::size_t d) {
  return d == c % world.width ? 1.0F : 0.0F;
}

}  // namespace

Rows draw_rows(const World& world, std::size_t count, bool ood, std::uint64_t seed) {
  Rows rows;
  Rng rng(seed);
  for (std::size_t r = 0; r < count; ++r) {
    const std::size_t label = r % world.classes;
    std::vector<float> h(world.width);
    for (std::size_t d = 0; d < world.width; ++d) {
      const double centre = !ood && d == label % world.width ? distance : 0;
      h[d] = static_cast<float>(centre + rng.normal());
    }
    for (std::size_t c = 0; c < world.classes; ++c) {
      float z = 0;
      for (std::size_t d = 0; d < world.width; ++d) z += h[d] * head_weight(world, c, d);
      rows.logits.push_back(z);
    }
    rows.features.insert(rows.features.end(), h.begin(), h.end());
    rows.labels.push_back(ood ? -1 : static_cast<std::int64_t>(label));
  }
  return rows;
}

void write_rows(const std::filesystem::path& folder, const std::string& stem, const World& world,
                const Rows& rows) {
  const std::size_t count = rows.labels.size();
  io::write_npy(folder / (stem + "_features.npy"), Array({count, world.width}, rows.features));
  io::write_npy(folder / (stem + "_logits.npy"), Array({count, world.classes}, rows.logits));
  io::write_npy(folder / (stem + "_labels.npy"), Array({count}, rows.labels));
}

void write_head(const std::filesystem::path& folder, const World& world) {
  std::vector<float> weight;
  for (std::size_t c = 0; c < world.classes; ++c) {
    for (std::size_t d = 0; d < world.width; ++d) weight.push_back(head_weight(world, c, d));
  }
  io::write_npy(folder / "W.npy", Array({world.classes, world.width}, weight));
  io::write_npy(folder / "b.npy", Array({world.classes}, std::vector<float>(world.classes)));
}

std::vector<std::string> import_arguments(const std::filesystem::path& folder,
                                          const std::string& bank, const std::string& stem,
                                          const std::string& split) {
  const auto file = [&](const char* array) {
    return std::string(array) + "=" + (folder / (stem + "_" + array + ".npy")).string();
  };
  return {"import",       "bank=" + bank,   "as=" + split,
          file("logits"), file("features"), file("labels")};
}

TestBank::TestBank(const World& world, bool with_head) {
  struct Part {
    const char *stem, *split;
    std::size_t rows;
    bool ood;
  };
  std::uint64_t seed = 1;
  for (const Part& part :
       {Part{"train", "in/train", 200, false}, Part{"val", "in/val", 60, false},
        Part{"test", "in/test", 100, false}, Part{"near", "near/test", 50, true},
        Part{"far", "far/test", 40, true}, Part{"other", "other/test", 40, true}}) {
    write_rows(folder(), part.stem, world, draw_rows(world, part.rows, part.ood, seed++));
    const auto done = nescio_program(import_arguments(folder(), bank(), part.stem, part.split));
    EXPECT_EQ(done.code, 0) << done.log;
  }
  if (!with_head) return;
  write_head(folder(), world);
  const auto done = nescio_program(
      {"import", "bank=" + bank(), "head_weight=" + path("W.npy"), "head_bias=" + path("b.npy")});
  EXPECT_EQ(done.code, 0) << done.log;
}

}  // namespace nescio
