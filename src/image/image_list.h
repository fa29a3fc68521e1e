// OpenOOD's image lists: one picture per line, "relative/path label".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nescio::image {

struct ListedPicture {
  std::string path;
  std::int64_t label = -1;
};

/// The lines of a list, each split at its first blank or tab. A byte order mark is passed over; lines
/// end as on Linux, Windows or old Macs. The label is a whole number, every negative
/// one standing for none (-1), or a Python dictionary as in {'label': 3, 'x': [1, 2]}, of which only
/// 'label' is used, 0 if it has none. (OpenOOD takes 0 for every dictionary, its label or not.)
/// Error, beginning with `where` and the line, for a missing label, anything else behind the first
/// blank (so for blanks in paths), labels beyond 64 bits, empty lines before the end, absolute paths
/// and paths through "..". Error for an empty list.
std::vector<ListedPicture> parse_image_list(std::string_view list, std::string_view where);

}  // namespace nescio::image
