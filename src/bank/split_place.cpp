#include "bank/split_place.h"

#include "bank/manifest.h"
#include "base/error.h"
#include "base/usage.h"

namespace nescio::bank {

SplitPlace parse_split_place(std::string_view spec, std::string_view option) {
  const std::size_t hash = spec.rfind('#');
  if (hash == std::string_view::npos || hash == 0) {
    fail_usage(option, ": expected BANK#SET/SPLIT, found '", spec, "'");
  }
  SplitPlace place{std::string(spec.substr(0, hash)), std::string(spec.substr(hash + 1))};
  try {
    check_split_name(place.split);
  } catch (const Error& e) {
    fail_usage(option, ": ", spec, ": ", e.what());
  }
  return place;
}

}  // namespace nescio::bank
