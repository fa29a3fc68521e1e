// A small world of Gaussian classes, as the files that somebody would import.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/test_folder.h"

namespace nescio {

struct World {
  std::size_t classes = 4;
  std::size_t width = 8;
};

/// Rows of one split before they are written: features about class centres, logits by the head.
struct Rows {
  std::vector<float> features, logits;
  std::vector<std::int64_t> labels;
};

/// Class centres stand `distance` from the origin; OOD rows (labels -1) are drawn about the origin.
Rows draw_rows(const World& world, std::size_t count, bool ood, std::uint64_t seed);

/// Writes FOLDER/<stem>_{features,logits,labels}.npy.
void write_rows(const std::filesystem::path& folder, const std::string& stem, const World& world,
                const Rows& rows);
/// Writes FOLDER/W.npy and b.npy.
void write_head(const std::filesystem::path& folder, const World& world);

/// The arguments that import what write_rows() wrote.
std::vector<std::string> import_arguments(const std::filesystem::path& folder,
                                          const std::string& bank, const std::string& stem,
                                          const std::string& split);

/// A folder with an imported bank: in/train, in/val, in/test, near/test, far/test and the head.
class TestBank {
 public:
  explicit TestBank(const World& world = {}, bool with_head = true);
  std::string bank() const { return (folder_ / "bank").string(); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  io::TestFolder folder_;
};

}  // namespace nescio
