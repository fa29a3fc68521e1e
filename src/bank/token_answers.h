// What a language model said of the tokens of answers, brought into a bank as answers to learn from.
//
// A file of lines as io/token_lines.h describes them becomes a split with one row for each token:
//
//   index [N] int64                          number of its line, from 0: rows of one answer follow each other
//   labels [N] int64                         the token itself
//   top_classes(view=0) [N, k] int32         of its slots the token itself and the most probable others,
//   top_log_p(view=0) [N, k] float32         k in all, the most probable first
//   tail_log_p(view=0) [N] float32           log(1 - sum of the k probabilities), at least log(2^-24): more
//                                            is not known of numbers that float32 rounded
//   label_log_p(view=0) [N] float32          of the token itself
//
// A row of fewer slots ends with its first class again at no_log_p: a probability of 0, which adds nothing
// to a target, a loss or a temperature. bank::Answers reads the split.
#pragma once

#include <cstddef>
#include <string>

#include "bank/feature_bank.h"
#include "base/progress.h"

namespace nescio::bank {

/// Of a slot that is not there. Finite, for a bank holds finite numbers; its exponential is 0 at any
/// temperature below 1e27.
inline constexpr float no_log_p = -1e30F;

struct TokenOptions {
  std::size_t vocabulary = 128256;  // of the model: Llama 3
  std::size_t top = 5;              // k, as the paper's code keeps
};

struct TokenFacts {
  std::size_t lines = 0, rows = 0;
  std::size_t shorter = 0;  // rows with fewer slots than `top`
  std::size_t longer = 0;   // rows of which slots were left out
};

/// Replaces or joins the split as SplitWriter does. Reads the file twice: the first time nothing is
/// written, so a damaged line leaves the bank as it was. Memory does not grow with the file.
/// Error, which names file and line: parse_token_line()'s, an empty line but the last, no rows, `top`
/// that is not in 1 .. vocabulary - 1, a vocabulary beyond int32.
TokenFacts import_tokens(FeatureBank& bank, const std::string& split, const std::string& file,
                         const TokenOptions& options, Rest rest, const Progress& progress = {});

}  // namespace nescio::bank
