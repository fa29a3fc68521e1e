// Whether the nodes of a graph have what they read.
#include "base/error.h"
#include "onnx/model_state.h"

namespace nescio::onnx {

void Model::State::check_wiring() const {
  const ::onnx::GraphProto& graph = proto.graph();
  std::set<std::string> given;
  std::map<std::string_view, int> makers;  // also of nodes that were added since the file was read
  for (int node = 0; node < graph.node_size(); ++node) {
    for (const std::string& tensor : graph.node(node).output()) makers.emplace(tensor, node);
  }
  for (const auto& input : graph.input()) given.insert(input.name());
  for (const auto& tensor : graph.initializer()) given.insert(tensor.name());
  for (const auto& sparse : graph.sparse_initializer()) given.insert(sparse.values().name());
  const auto require = [&](const std::string& tensor, const std::string& reader) {
    if (tensor.empty() || given.contains(tensor) || makers.contains(tensor)) return;
    fail(where, ": ", reader, " reads the tensor '", tensor,
         "', which no node, input or initializer gives; it is damaged");
  };
  for (const auto& node : graph.node()) {
    for (const std::string& tensor : node.input()) {
      require(tensor, text("a node ", node.op_type(), node.name().empty() ? "" : " ", node.name()));
    }
  }
  for (const auto& output : graph.output()) require(output.name(), "an output");

  // Depth first, from each node to those that it waits for; without recursion, since a file says how deep it goes.
  enum class Seen : char { no, open, done };
  std::vector<Seen> seen(static_cast<std::size_t>(graph.node_size()), Seen::no);
  struct Place {
    int node, input;
  };
  std::vector<Place> path;
  const auto state = [&](int node) -> Seen& { return seen[static_cast<std::size_t>(node)]; };
  for (int start = 0; start < graph.node_size(); ++start) {
    if (state(start) == Seen::no) path.push_back({start, 0});
    while (!path.empty()) {
      auto& [node, input] = path.back();
      state(node) = Seen::open;
      if (input == graph.node(node).input_size()) {
        state(node) = Seen::done;
        path.pop_back();
        continue;
      }
      const std::string& tensor = graph.node(node).input(input++);
      const auto found = makers.find(tensor);
      if (found == makers.end() || state(found->second) == Seen::done) continue;
      if (state(found->second) == Seen::open) {
        fail(where, ": the tensor '", tensor,
             "' depends on itself, in a circle of nodes; it is damaged");
      }
      path.push_back({found->second, 0});
    }
  }
}

}  // namespace nescio::onnx
