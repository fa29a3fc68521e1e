#include "source_rules.h"

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>

#include "base/error.h"

namespace nescio::layers {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> read_lines(const fs::path& path) {
  std::ifstream file(path);
  if (!file) fail(path.string(), ": cannot be read");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> words(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> result;
  for (std::string word; stream >> word;) result.push_back(word);
  return result;
}

std::string at(const fs::path& file, std::size_t line_index, const std::string& sentence) {
  return file.string() + ":" + std::to_string(line_index + 1) + ": " + sentence;
}

/// C++ files of the folders that edges.txt knows, sorted.
std::vector<std::pair<std::string, fs::path>> source_files(const fs::path& src,
                                                           const Edges& edges) {
  std::vector<std::pair<std::string, fs::path>> files;
  for (const std::string& folder : edges.folders) {
    if (!fs::exists(src / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(src / folder)) {
      const fs::path extension = entry.path().extension();
      if (extension == ".h" || extension == ".cpp") files.emplace_back(folder, entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Tests make files and tables to test with, so they may see every folder above their own.
bool is_test(const fs::path& file) {
  const std::string stem = file.stem().string();
  return stem.ends_with("_test") || stem.starts_with("test_");
}

bool is_above(const Edges& edges, const std::string& other, const std::string& folder) {
  const auto& order = edges.folders;
  return std::ranges::find(order, other) < std::ranges::find(order, folder);
}

bool is_torch_header(const std::string& header) {
  for (const char* prefix : {"torch/", "ATen/", "c10/", "caffe2/"}) {
    if (header.starts_with(prefix)) return true;
  }
  return false;
}

}  // namespace

Edges read_edges(const fs::path& path) {
  Edges edges;
  bool below = false;
  const std::vector<std::string> lines = read_lines(path);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty() || lines[i].starts_with("#")) continue;
    if (lines[i].starts_with("--")) {
      below = true;
      continue;
    }
    std::vector<std::string> names = words(lines[i]);
    std::string folder = names.front();
    if (!folder.ends_with(":")) fail(at(path, i, "expected 'folder: folders'"));
    folder.pop_back();
    if (edges.allowed.contains(folder)) fail(at(path, i, folder + " is there twice"));
    for (std::size_t k = 1; k < names.size(); ++k) {
      if (!edges.allowed.contains(names[k])) {
        fail(at(path, i, folder + " may only see folders above it, and " + names[k] + " is not"));
      }
      if (!edges.allowed[folder].insert(names[k]).second) {
        fail(at(path, i, names[k] + " is there twice"));
      }
    }
    edges.allowed[folder];
    edges.folders.push_back(folder);
    if (below) edges.torch.insert(folder);
  }
  return edges;
}

std::vector<std::string> check_includes(const fs::path& src, const Edges& edges,
                                        std::set<std::string>& used) {
  static const std::regex include(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<std::string> complaints;
  for (const auto& [folder, file] : source_files(src, edges)) {
    const std::vector<std::string> lines = read_lines(file);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      std::smatch match;
      if (!std::regex_search(lines[i], match, include)) continue;
      const std::string header = match[2];
      if (is_torch_header(header)) {
        if (!edges.torch.contains(folder)) {
          complaints.push_back(
              at(file, i, folder + " must build without libtorch but includes " + header));
        }
        continue;
      }
      const std::string other = header.substr(0, header.find('/'));
      if (match[1] == "<" || !edges.allowed.contains(other))
        continue;  // a system or library header
      if (!fs::exists(src / header)) complaints.push_back(at(file, i, "there is no " + header));
      if (other == folder || (is_test(file) && is_above(edges, other, folder))) continue;
      used.insert(folder + " -> " + other);
      if (!edges.allowed.at(folder).contains(other)) {
        complaints.push_back(at(file, i, folder + " must not see " + other + " (edges.txt)"));
      }
    }
  }
  return complaints;
}

std::vector<std::string> check_links(const fs::path& graph, const Edges& edges) {
  std::vector<std::string> complaints;
  const std::vector<std::string> lines = read_lines(graph);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::vector<std::string> parts = words(lines[i]);
    if (parts.size() != 3) fail(at(graph, i, "expected 'folder target library'"));
    const std::string& folder = parts[0];
    const std::string& library = parts[2];
    if (!edges.allowed.contains(folder)) {
      complaints.push_back(at(graph, i, "edges.txt does not know the folder " + folder));
      continue;
    }
    if (library.starts_with("Libtorch::") && !edges.torch.contains(folder)) {
      complaints.push_back(at(graph, i, folder + " must build without libtorch but links it"));
    }
    const std::string prefix = "nescio_";
    if (!library.starts_with(prefix)) continue;
    const std::string other = library.substr(prefix.size());
    if (other == folder || !edges.allowed.contains(other)) continue;
    if (!edges.allowed.at(folder).contains(other)) {
      complaints.push_back(at(graph, i, parts[1] + " must not link " + library + " (edges.txt)"));
    }
  }
  return complaints;
}

std::vector<std::string> check_unused(const Edges& edges, const std::set<std::string>& used) {
  std::vector<std::string> complaints;
  for (const auto& [folder, others] : edges.allowed) {
    for (const std::string& other : others) {
      const std::string edge = folder + " -> " + other;
      if (!used.contains(edge)) complaints.push_back("edges.txt: nothing uses " + edge);
    }
  }
  return complaints;
}

std::vector<std::string> check_files(const fs::path& src, const Edges& edges) {
  constexpr std::size_t kMaxLines = 500;
  static const std::regex vague(R"((^|_)(utils?|common|helpers?|misc)(_|$))");
  std::vector<std::string> complaints;
  for (const auto& entry : fs::directory_iterator(src)) {
    if (entry.is_directory() && !edges.allowed.contains(entry.path().filename().string())) {
      complaints.push_back(entry.path().string() + ": edges.txt does not know this folder");
    }
  }
  for (const auto& [folder, file] : source_files(src, edges)) {
    const std::vector<std::string> lines = read_lines(file);
    if (lines.size() > kMaxLines) {
      complaints.push_back(at(file, kMaxLines, "no file has more than 500 lines; split it"));
    }
    for (const fs::path& part : fs::relative(file, src)) {
      if (std::regex_search(part.stem().string(), vague)) {
        complaints.push_back(
            at(file, 0, "'" + part.string() + "' says nothing; name what is in it"));
      }
    }
    if (file.extension() != ".h") continue;
    if (lines.empty() || !lines[0].starts_with("// ")) {
      complaints.push_back(at(file, 0, "a header begins with one sentence that says what it is"));
    }
    const bool reincludable =
        file.stem().string().ends_with("-inl");  // Highway includes these per target
    if (!reincludable && std::find(lines.begin(), lines.end(), "#pragma once") == lines.end()) {
      complaints.push_back(at(file, 0, "#pragma once is missing"));
    }
  }
  return complaints;
}

}  // namespace nescio::layers
