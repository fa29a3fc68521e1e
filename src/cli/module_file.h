// Parts of the program that lie in files of their own, since what they link is large or may be missing.
#pragma once

#include <filesystem>
#include <string>

namespace nescio::cli {

/// Beside the program where both were built, else where `cmake --install` puts it; whether it is there or not.
std::filesystem::path module_file(const std::string& name);

}  // namespace nescio::cli
