// Whose a folder is, before it is replaced as a whole or written into.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace nescio::io {

/// Error unless replacing the folder loses nothing that this program did not write: it is not there,
/// or empty, or `ours`, as the caller knows from its manifest, and holds no other files than
/// `files` (and what a crash left of writing them). `what` names it in the message, "saved
/// detector".
void check_replaceable(const std::filesystem::path& folder, std::string_view what, bool ours,
                       const std::vector<std::string>& files);

/// Error if one of `files`, which are about to be written into the folder, is there already without
/// `marker`, the first of them that this program writes: then it is the user's. `what` names what
/// is written, "run".
void check_writable(const std::filesystem::path& folder, std::string_view what,
                    std::string_view marker, const std::vector<std::string>& files);

}  // namespace nescio::io
