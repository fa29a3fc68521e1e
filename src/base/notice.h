// How library code, which never prints, says something that stops nothing.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace nescio {

/// Takes a sentence that the user should read: what was left out, mapped, or taken otherwise than
/// it looks. Functions that work at once take one; objects that live on keep their `Notices`.
using Notice = std::function<void(const std::string&)>;
using Notices = std::vector<std::string>;

}  // namespace nescio
