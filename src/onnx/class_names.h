// What the classes of an ONNX model are called, where it or a file beside it says so.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace nescio::onnx {

/// A line for each class. UsageError if there are not `classes` of them.
std::vector<std::string> class_names_of_file(const std::string& path, std::size_t classes);

/// Of the first key of nescio.class_names, class_names, names, classes, labels that holds a JSON list, an object from
/// numbers to names (as JSON or as Python prints it: exporters write that) or lines, of `classes` names. Empty where
/// none does.
std::vector<std::string> class_names_of_metadata(const std::map<std::string, std::string>& metadata,
                                                 std::size_t classes);

}  // namespace nescio::onnx
