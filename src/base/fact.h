// Something that is told of a detector, a verb, a data set ...
#pragma once

#include <string>
#include <vector>

namespace nescio {

struct Fact {
  std::string name;  // "formula"
  std::vector<std::string> values;
  bool several = false;  // there may be any number: a list for programs, also of one
};

}  // namespace nescio
