// Lines of JSON with what a language model said of each token of an answer, as public data sets have them.
//
//   {"prompt": "...", "ground_truth": "...", "logprobs": [[[token, log p], [token, log p], ...], ...]}
//
// One list for each token of the answer that there is a row for (the public files have none for the
// token that ends it), with natural logarithms of probabilities at temperature 1: slot 0 is the token
// that stands there, the others are the most probable ones. Every token stands in a list once. Further
// keys are not looked at. Wei et al., Logits-Based Finetuning, EMNLP 2025, arXiv:2505.24461.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace nescio::io {

struct TokenSlot {
  std::int64_t token = 0;
  double log_p = 0;  // at most 0
};
/// Of one token of an answer; slot 0 is the token itself.
using TokenSlots = std::vector<TokenSlot>;

/// One line without its end, not larger than 16 MiB; `where` begins the message of an Error, which names
/// row and slot: no JSON, another structure, a token that is none of 0 .. vocabulary - 1 or stands twice,
/// a logarithm above 0, probabilities that sum to more than 1 (both but for rounding).
std::vector<TokenSlots> parse_token_line(std::string_view line, std::string_view where,
                                         std::size_t vocabulary);

}  // namespace nescio::io
