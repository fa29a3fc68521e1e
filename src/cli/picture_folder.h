// A folder into which pictures are put while it is read.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace nescio::cli {

/// A file that was found, by its path below the folder.
struct FoundPicture {
  std::string name;
  std::filesystem::path path;
};

/// Hands out each picture once, by name: whoever writes over a file is not seen, who removes it and puts another one
/// there is. Memory: 8 bytes a file that is there.
class PictureFolder {
 public:
  /// Error if it is no folder. `seen` are the numbers of names that were read in an earlier run.
  PictureFolder(std::filesystem::path folder, std::vector<std::uint64_t> seen);

  /// New pictures in the folder and those below, by name. A file counts once nobody has written to it for `settled`, so
  /// that none is read that is half there; hidden ones never do.
  std::vector<FoundPicture> look(std::chrono::milliseconds settled);
  /// Call it behind each of them.
  void done(const FoundPicture& picture);

  /// Numbers of the names that are done and still there, ascending.
  const std::vector<std::uint64_t>& seen() const { return seen_; }

 private:
  std::filesystem::path folder_;
  std::vector<std::uint64_t> seen_;
};

}  // namespace nescio::cli
