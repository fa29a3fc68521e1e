#include "nn/weights.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "io/file.h"
#include "io/file_format.h"
#include "io/safetensors.h"
#include "io/sha256.h"

namespace nescio::nn {
namespace {

/// "3 missing in the file: a [1], b [2], c [3]"; long lists are cut.
void add_list(std::vector<std::string>& parts, std::string_view title,
              std::vector<std::string> items) {
  if (items.empty()) return;
  constexpr std::size_t most = 12;
  const std::size_t count = items.size();
  if (count > most) {
    items.resize(most);
    items.push_back(text("and ", count - most, " more"));
  }
  parts.push_back(text(count, " ", title, ": ", join(items)));
}

}  // namespace

Weights read_weights(const std::filesystem::path& path) {
  const io::SharedBytes bytes = io::map_file(path);
  const std::string where = path.string();
  Weights weights;
  switch (const io::FileFormat kind = io::identify(bytes.span())) {
    case io::FileFormat::safetensors: {
      io::Safetensors file = io::parse_safetensors(bytes, where);
      weights.groups = {
          {.key = {}, .tensors = std::move(file.tensors), .unread = std::move(file.unread)}};
      weights.metadata = std::move(file.metadata);
      break;
    }
    case io::FileFormat::zip:
    case io::FileFormat::pickle: weights.groups = io::parse_torch_file(bytes, where); break;
    default:
      fail(where,
           ": expected weights as safetensors or as torch.save writes them (.pth, .pt, .th, ",
           ".ckpt), found ", io::describe(kind));
  }
  weights.sha256 = io::sha256(bytes.span());
  return weights;
}

NamedWeights adapted(const NetworkInfo& info, const Tensors& tensors, const ExpectedTensors& ours) {
  NamedWeights out{tensors, info.preprocessing};
  for (const Adapter& adapter : info.also_reads) {
    if (auto found = adapter.read(tensors, ours)) {
      out = {*std::move(found), adapter.preprocessing};
      break;
    }
  }
  const auto head = out.tensors.find(info.head + ".weight");
  if (head != out.tensors.end() && !head->second.shape().empty()) {
    const std::size_t classes = head->second.shape()[0];
    out.tensors.emplace(info.head + ".bias", Array({classes}, std::vector<float>(classes)));
  }
  return out;
}

std::string differences(const ExpectedTensors& expected, const Tensors& found) {
  std::vector<std::string> missing, unknown, different;
  for (const auto& [name, shape] : expected.shapes) {
    const auto it = found.find(name);
    if (it != found.end()) {
      if (it->second.shape() != shape) {
        different.push_back(
            text(name, ": expected ", to_string(shape), ", found ", to_string(it->second.shape())));
      }
    } else if (!expected.optional.contains(name)) {
      missing.push_back(text(name, " ", to_string(shape)));
    }
  }
  for (const auto& [name, array] : found) {
    if (!expected.shapes.contains(name)) {
      unknown.push_back(text(name, " ", to_string(array.shape())));
    }
  }
  std::vector<std::string> parts;
  add_list(parts, "missing in the file", missing);
  add_list(parts, "only in the file", unknown);
  add_list(parts, "of another shape", different);
  return join(parts, "; ");
}

}  // namespace nescio::nn
