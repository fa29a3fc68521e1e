#include "base/given_alike.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "base/shares.h"
#include "base/text.h"
#include "base/without_middle.h"

namespace nescio {
namespace {

constexpr char end_of_part = '\0';
constexpr std::size_t most_shown = 200;  // bytes of a value

/// What each process says, by rank.
std::vector<std::string> gather_texts(Communicator& processes, const std::string& own) {
  const auto rank = static_cast<std::size_t>(processes.rank());
  std::vector<double> lengths(static_cast<std::size_t>(processes.size()));
  lengths[rank] = static_cast<double>(own.size());
  processes.sum(lengths);
  std::vector<std::size_t> ends = {0};
  for (const double length : lengths) {
    ends.push_back(ends.back() + static_cast<std::size_t>(length));
  }
  std::vector<float> bytes(ends.back());
  std::ranges::transform(own, bytes.begin() + static_cast<std::ptrdiff_t>(ends[rank]),
                         [](char c) { return static_cast<float>(static_cast<unsigned char>(c)); });
  gather(processes, bytes, {ends[rank], own.size()});
  std::vector<std::string> texts;
  for (std::size_t r = 0; r < lengths.size(); ++r) {
    std::string& of_rank = texts.emplace_back();
    for (std::size_t i = ends[r]; i < ends[r + 1]; ++i) {
      of_rank.push_back(static_cast<char>(static_cast<unsigned char>(bytes[i])));
    }
  }
  return texts;
}

std::string_view next_part(std::string_view& parts) {
  const std::size_t end = std::min(parts.find(end_of_part), parts.size());
  const std::string_view part = parts.substr(0, end);
  parts.remove_prefix(std::min(end + 1, parts.size()));
  return part;
}

std::string quoted_value(std::string_view value) {
  return text("'", printable(without_middle(value, most_shown)), "'");
}

/// "lr is '0.2', that of the first is '0.1'": of the first name that tells them apart.
std::string difference(std::string_view of_first, std::string_view of_other) {
  while (!of_first.empty() && !of_other.empty()) {
    const std::string_view name = next_part(of_first), value = next_part(of_first);
    const std::string_view its_name = next_part(of_other), its_value = next_part(of_other);
    if (name != its_name) {
      return text("it was given ", its_name, " ", quoted_value(its_value), ", the first one ", name,
                  " ", quoted_value(value));
    }
    if (value != its_value) {
      return text(name, " is ", quoted_value(its_value), ", that of the first one is ",
                  quoted_value(value));
    }
  }
  const bool first_has_more = !of_first.empty();
  std::string_view& more = first_has_more ? of_first : of_other;
  const std::string_view name = next_part(more);
  return text(first_has_more ? "the first one" : "it", " alone was given ", name, " ",
              quoted_value(next_part(more)));
}

}  // namespace

void require_alike(Communicator& processes,
                   const std::vector<std::pair<std::string, std::string>>& given) {
  if (processes.size() == 1) return;
  std::string own;
  for (const auto& [name, value] : given) {
    own.append(name).append(1, end_of_part).append(value).append(1, end_of_part);
  }
  const std::vector<std::string> all = gather_texts(processes, own);
  const auto other =
      std::ranges::find_if(all, [&](const std::string& said) { return said != all.front(); });
  if (other == all.end()) return;
  fail("process ", other - all.begin(), " of ", all.size(), ": ", difference(all.front(), *other),
       "; all processes of a job are given the same words, and see the same files");
}

}  // namespace nescio
