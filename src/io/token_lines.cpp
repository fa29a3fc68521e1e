#include "io/token_lines.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"
#include "io/json_file.h"

namespace nescio::io {
namespace {

constexpr std::size_t largest_line = std::size_t{1}
                                     << 24;  // its values take about twenty times that
// Of a sum of probabilities: more than 16-bit floats lose, far less than other logarithms would hit.
constexpr double rounding = 0.01;

const char* expected_slot = "expected [token, log p]";

const nlohmann::json& member(const nlohmann::json& line, const char* key, std::string_view where) {
  const auto found = line.is_object() ? line.find(key) : line.end();
  if (!line.is_object() || found == line.end()) {
    fail(where, ": expected an object with prompt, ground_truth and logprobs, found ",
         line.is_object() ? text("no '", key, "'") : std::string(line.type_name()));
  }
  return *found;
}

TokenSlot parse_slot(const nlohmann::json& slot, const std::string& where, std::size_t vocabulary) {
  if (!slot.is_array() || slot.size() != 2) {
    fail(where, expected_slot, ", found ",
         slot.is_array() ? text(slot.size(), " values") : std::string(slot.type_name()));
  }
  if (!slot[0].is_number() || !slot[1].is_number()) {
    fail(where, expected_slot, ", found ", slot[0].type_name(), " and ", slot[1].type_name());
  }
  // Also 17.0, as tables of floats hold them.
  const auto token = slot[0].get<double>();
  if (!(token >= 0 && token < static_cast<double>(vocabulary)) || token != std::floor(token)) {
    fail(where, "found the token ", slot[0].dump(), ", expected 0 .. ", vocabulary - 1,
         "; give vocabulary= if the model has more");
  }
  const auto log_p = slot[1].get<double>();
  if (!(log_p <= rounding)) {
    fail(where, "expected the natural logarithm of a probability, at most 0, found ",
         slot[1].dump());
  }
  return {static_cast<std::int64_t>(token), std::min(log_p, 0.0)};
}

TokenSlots parse_row(const nlohmann::json& row, const std::string& where, std::size_t vocabulary) {
  if (!row.is_array() || row.empty()) {
    fail(where, "expected slots, the token itself first, found ",
         row.is_array() ? "none" : row.type_name());
  }
  TokenSlots slots;
  std::vector<std::int64_t> tokens;
  double sum = 0;
  for (std::size_t k = 0; k < row.size(); ++k) {
    slots.push_back(parse_slot(row[k], text(where, "slot ", k, ": "), vocabulary));
    tokens.push_back(slots.back().token);
    sum += std::exp(slots.back().log_p);
  }
  std::ranges::sort(tokens);
  const auto twice = std::ranges::adjacent_find(tokens);
  if (twice != tokens.end()) {
    fail(where, "the token ", *twice, " stands in two slots, expected once, the token of the row ",
         "in slot 0");
  }
  if (sum > 1 + rounding) {
    fail(where, "expected probabilities that sum to at most 1, found ", format_number(sum),
         "; log p is the natural logarithm at temperature 1");
  }
  return slots;
}

}  // namespace

std::vector<TokenSlots> parse_token_line(std::string_view line, std::string_view where,
                                         std::size_t vocabulary) {
  if (line.size() > largest_line) {
    fail(where, ": expected at most ", largest_line, " bytes, found ", line.size());
  }
  const nlohmann::json parsed = parse_json(line, where);
  for (const char* key : {"prompt", "ground_truth"}) {
    const nlohmann::json& value = member(parsed, key, where);
    if (!value.is_string()) {
      fail(where, ": expected text as '", key, "', found ", value.type_name());
    }
  }
  const nlohmann::json& rows = member(parsed, "logprobs", where);
  if (!rows.is_array()) {
    fail(where, ": expected a list of rows as 'logprobs', found ", rows.type_name());
  }
  std::vector<TokenSlots> out;
  out.reserve(rows.size());
  for (std::size_t t = 0; t < rows.size(); ++t) {
    out.push_back(parse_row(rows[t], text(where, ": row ", t, ": "), vocabulary));
  }
  return out;
}

}  // namespace nescio::io
