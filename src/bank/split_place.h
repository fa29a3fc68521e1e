// How people name a split of a bank in one word: "BANK#SET/SPLIT".
#pragma once

#include <string>
#include <string_view>

namespace nescio::bank {

struct SplitPlace {
  std::string bank, split;
};

/// UsageError, naming the option, for any other shape.
SplitPlace parse_split_place(std::string_view spec, std::string_view option);

}  // namespace nescio::bank
