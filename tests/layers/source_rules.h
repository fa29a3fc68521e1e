// Rules that hold for the whole source tree: who may see whom, sizes, names.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace nescio::layers {

/// edges.txt: the folders in order, which others each may see, and which may see libtorch.
struct Edges {
  std::vector<std::string> folders;
  std::map<std::string, std::set<std::string>> allowed;
  std::set<std::string> torch;
};

/// Reads edges.txt. Error with FILE:LINE where a folder names itself, one that is not above it, or
/// one twice.
Edges read_edges(const std::filesystem::path& path);

// Each function returns its complaints, one "FILE:LINE: sentence" per breach; none means all is
// well. `src` is the folder that holds the folders.

/// Every #include "folder/..." is an edge, names a file that exists, and only folders below the
/// line see libtorch. `used` collects the edges that were met.
std::vector<std::string> check_includes(const std::filesystem::path& src, const Edges& edges,
                                        std::set<std::string>& used);

/// Every line "folder target library" of the link graph that CMake wrote is an edge, and only
/// folders below the line link libtorch.
std::vector<std::string> check_links(const std::filesystem::path& graph, const Edges& edges);

/// Edges that no #include uses.
std::vector<std::string> check_unused(const Edges& edges, const std::set<std::string>& used);

/// No file of more than 500 lines, none named util, common, helpers or misc, headers with a first
/// sentence and #pragma once, no folder that edges.txt does not know.
std::vector<std::string> check_files(const std::filesystem::path& src, const Edges& edges);

}  // namespace nescio::layers
