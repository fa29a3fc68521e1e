#include "bank/token_answers.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "bank/answers.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "io/file.h"
#include "io/sha256.h"
#include "io/token_lines.h"

namespace nescio::bank {
namespace {

constexpr std::size_t rows_at_once = 16384;                       // rows that are written at once
constexpr std::size_t largest_vocabulary = std::size_t{1} << 31;  // of int32
constexpr double least_tail = std::numeric_limits<float>::epsilon() / 2;  // 2^-24

using Line = std::function<void(std::size_t number, const std::vector<io::TokenSlots>& rows)>;

/// Calls `line` for each line of a file; how many there are.
std::size_t for_lines(const io::SharedBytes& bytes, const std::string& file,
                      const TokenOptions& options, const Progress& progress, const Line& line) {
  const std::string_view all = bytes.text();
  std::size_t number = 0;
  for (std::size_t at = 0; at < all.size(); ++number) {
    if (number % 64 == 0) {
      check_interrupt();
      if (progress) progress("reading " + file, at, all.size());
    }
    const std::size_t end = std::min(all.find('\n', at), all.size());
    std::string_view text = all.substr(at, end - at);
    if (text.ends_with('\r')) text.remove_suffix(1);
    line(number,
         io::parse_token_line(text, nescio::text(file, ": line ", number + 1), options.vocabulary));
    at = end + 1;
  }
  return number;
}

/// Rows on their way into a split.
class Window {
 public:
  explicit Window(std::size_t top) : top_(top) {}

  std::size_t size() const { return labels_.size(); }
  void add(std::size_t line, io::TokenSlots slots) {
    index_.push_back(static_cast<std::int64_t>(line));
    labels_.push_back(slots[0].token);
    label_log_p_.push_back(static_cast<float>(slots[0].log_p));
    const auto likelier = [](const io::TokenSlot& a, const io::TokenSlot& b) {
      return a.log_p > b.log_p;
    };
    std::stable_sort(slots.begin() + 1, slots.end(), likelier);
    slots.resize(std::min(slots.size(), top_));
    std::stable_sort(slots.begin(), slots.end(), likelier);  // of equals the token itself is first
    // 1 less the largest without the rounding of 1 - p.
    double rest = -std::expm1(slots[0].log_p);
    for (std::size_t k = 0; k < top_; ++k) {
      const bool there = k < slots.size();
      if (there && k > 0) rest -= std::exp(slots[k].log_p);
      classes_.push_back(static_cast<std::int32_t>(slots[there ? k : 0].token));
      log_p_.push_back(there ? static_cast<float>(slots[k].log_p) : no_log_p);
    }
    tail_.push_back(static_cast<float>(std::log(std::max(rest, least_tail))));
  }
  void write(SplitWriter& writer) {
    const std::size_t rows = size();
    writer.write("index", Array({rows}, std::move(index_)));
    writer.write("labels", Array({rows}, std::move(labels_)));
    writer.write(view_array("top_classes", 0), Array({rows, top_}, std::move(classes_)));
    writer.write(view_array("top_log_p", 0), Array({rows, top_}, std::move(log_p_)));
    writer.write(view_array("tail_log_p", 0), Array({rows}, std::move(tail_)));
    writer.write(view_array("label_log_p", 0), Array({rows}, std::move(label_log_p_)));
    writer.commit(rows);
    *this = Window(top_);
  }

 private:
  std::size_t top_;
  std::vector<std::int64_t> index_, labels_;
  std::vector<std::int32_t> classes_;
  std::vector<float> log_p_, tail_, label_log_p_;
};

std::vector<ArrayPlan> plans(const TokenOptions& options, const std::string& file,
                             const io::SharedBytes& bytes) {
  const nlohmann::json import = {{"from", file}, {"sha256", io::sha256(bytes.span())}};
  const nlohmann::json inputs = {
      {"answers", to_json({.classes = options.vocabulary, .top = options.top})},
      {"import", import}};
  const auto answer = [&](const char* name, DType dtype, Shape row) {
    return ArrayPlan{view_array(name, 0), dtype, std::move(row), inputs};
  };
  return {{"index", DType::int64, {}, {{"import", import}}},
          {"labels", DType::int64, {}, {{"import", import}}},
          answer("top_classes", DType::int32, {options.top}),
          answer("top_log_p", DType::float32, {options.top}),
          answer("tail_log_p", DType::float32, {}),
          answer("label_log_p", DType::float32, {})};
}

}  // namespace

TokenFacts import_tokens(FeatureBank& bank, const std::string& split, const std::string& file,
                         const TokenOptions& options, Rest rest, const Progress& progress) {
  const std::size_t top = options.top;
  if (options.vocabulary > largest_vocabulary) {
    fail("vocabulary=", options.vocabulary, ": expected at most ", largest_vocabulary);
  }
  if (top == 0 || top >= options.vocabulary) {
    fail("top=", top, ": expected 1 .. ", options.vocabulary - 1,
         ", fewer than the tokens of the vocabulary");
  }
  const io::SharedBytes bytes = io::map_file(file);
  TokenFacts facts;
  facts.lines = for_lines(bytes, file, options, progress, [&](std::size_t, const auto& rows) {
    facts.rows += rows.size();
    for (const io::TokenSlots& slots : rows) {
      facts.shorter += slots.size() < top;
      facts.longer += slots.size() > top;
    }
  });
  if (facts.rows == 0) fail(file, ": expected rows of tokens, found none");

  SplitWriter writer(bank, split, facts.rows, plans(options, file, bytes), nlohmann::json::object(),
                     rest);
  Window next(top);
  std::size_t before = 0;
  for_lines(bytes, file, options, progress, [&](std::size_t number, const auto& rows) {
    const bool there = before < writer.done();  // an interrupted import wrote whole lines
    before += rows.size();
    if (there) return;
    for (const io::TokenSlots& slots : rows) next.add(number, slots);
    if (next.size() >= rows_at_once) next.write(writer);
  });
  if (next.size() > 0) next.write(writer);
  writer.finish();
  return facts;
}

}  // namespace nescio::bank
