#include "image/datasets/subset.h"

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/threads.h"
#include "base/usage.h"
#include "io/npy.h"
#include "io/sha256.h"

namespace nescio::image {
namespace {

/// A number in 0 .. largest, as NumPy's RandomState draws it.
std::uint32_t draw_up_to(std::mt19937& random, std::uint32_t largest) {
  const std::uint32_t mask = std::bit_ceil(largest + 1) - 1;
  for (;;) {
    const auto drawn = static_cast<std::uint32_t>(random()) & mask;
    if (drawn <= largest) return drawn;
  }
}

/// The first `count` of NumPy's RandomState(seed).permutation(size), ascending.
std::vector<std::int64_t> drawn_of(std::size_t size, std::size_t count, std::uint32_t seed) {
  std::vector<std::int64_t> numbers(size);
  std::iota(numbers.begin(), numbers.end(), 0);
  std::mt19937 random(seed);
  for (auto i = static_cast<std::uint32_t>(size) - 1; i > 0; --i) {
    std::swap(numbers[i], numbers[draw_up_to(random, i)]);
  }
  numbers.resize(count);
  std::ranges::sort(numbers);
  return numbers;
}

std::uint32_t parse_seed(std::string_view seed, std::string_view whole) {
  const std::int64_t number = parse_integer(seed, whole);
  if (number < 0 || number > 0xFFFFFFFFLL) {
    fail_usage("'", whole, "': expected a seed in 0 .. 2^32 - 1");
  }
  return static_cast<std::uint32_t>(number);
}

struct PerClass {
  std::int64_t count = 0;
  std::uint32_t seed = 0;
};

/// "10" or "10,1".
PerClass parse_per_class(std::string_view value) {
  const auto parts = split_top_level(value);
  if (parts.empty() || parts.size() > 2) {
    fail_usage("per_class: expected COUNT or COUNT,SEED, found '", value, "'");
  }
  PerClass out{.count = parse_integer(parts[0], value)};
  if (out.count < 1) fail_usage("per_class: expected at least 1 picture, found ", out.count);
  if (parts.size() == 2) out.seed = parse_seed(parts[1], value);
  return out;
}

class Subset final : public Dataset {
 public:
  Subset(std::unique_ptr<Dataset> source, std::vector<std::int64_t> rows)
      : source_(std::move(source)), rows_(std::move(rows)) {}

  std::size_t size() const override { return rows_.size(); }
  Sample load(std::size_t i) const override {
    Sample sample = source_->load(row(i));
    sample.label = renumbered(sample.label);
    return sample;
  }
  std::int64_t label(std::size_t i) const override { return renumbered(source_->label(row(i))); }
  std::string hash() const override {
    const std::string rows = text(source_->hash(), " rows ", io::sha256(bytes_of(rows_)));
    return io::sha256(classes_.empty() ? rows
                                       : text(rows, " classes ", io::sha256(bytes_of(classes_))));
  }
  std::vector<std::string> class_names() const override {
    const std::vector<std::string> names = source_->class_names();
    if (classes_.empty() || names.empty()) return names;
    std::vector<std::string> kept;
    for (const std::int64_t c : classes_) kept.push_back(names[static_cast<std::size_t>(c)]);
    return kept;
  }
  std::string name(std::size_t i) const override { return source_->name(row(i)); }
  std::vector<std::string> skipped() const override { return skipped_; }
  Notices notices() const override { return source_->notices(); }

  void keep_classes(std::vector<std::int64_t> classes) {
    classes_ = std::move(classes);
    for (std::size_t c = 0; c < classes_.size(); ++c) {
      new_label_[classes_[c]] = static_cast<std::int64_t>(c);
    }
    std::erase_if(rows_, [&](std::int64_t r) {
      return !new_label_.contains(source_->label(static_cast<std::size_t>(r)));
    });
  }

  void keep_of_each_class(const PerClass& choice) {
    std::map<std::int64_t, std::vector<std::int64_t>> rows_of;
    for (const std::int64_t r : rows_) {
      const std::int64_t label = source_->label(static_cast<std::size_t>(r));
      if (label < 0) fail("per_class: row ", r, " has no label");
      rows_of[label].push_back(r);
    }
    std::unordered_set<std::int64_t> kept;
    for (const auto& [label, rows] : rows_of) {
      const auto count = static_cast<std::size_t>(choice.count);
      if (rows.size() < count) {
        fail("per_class: expected at least ", count, " pictures of class ", label, ", found ",
             rows.size());
      }
      for (const std::int64_t i : drawn_of(rows.size(), count, choice.seed)) {
        kept.insert(rows[static_cast<std::size_t>(i)]);
      }
    }
    std::erase_if(rows_, [&](std::int64_t r) { return !kept.contains(r); });
  }

  void skip_broken() {
    std::vector<std::string> reasons(rows_.size());
    parallel_for(rows_.size(), [&](std::size_t i) {
      check_interrupt();
      try {
        source_->load(row(i));
      } catch (const Error& e) {
        reasons[i] = printable(text(name(i), ": ", e.what()));
      }
    });
    std::vector<std::int64_t> whole;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (reasons[i].empty()) {
        whole.push_back(rows_[i]);
      } else {
        skipped_.push_back(std::move(reasons[i]));
      }
    }
    rows_ = std::move(whole);
    if (rows_.empty() && !skipped_.empty()) {
      fail("all ", skipped_.size(), " pictures are broken; the first: ", skipped_.front());
    }
  }

 private:
  static std::span<const std::uint8_t> bytes_of(const std::vector<std::int64_t>& numbers) {
    return {reinterpret_cast<const std::uint8_t*>(numbers.data()), numbers.size() * 8};
  }
  std::size_t row(std::size_t i) const { return static_cast<std::size_t>(rows_[i]); }
  std::int64_t renumbered(std::int64_t label) const {
    return classes_.empty() ? label : new_label_.at(label);
  }

  std::unique_ptr<Dataset> source_;
  std::vector<std::int64_t> rows_;
  std::vector<std::int64_t> classes_;  // old labels in their new order; empty: labels stay
  std::unordered_map<std::int64_t, std::int64_t> new_label_;
  std::vector<std::string> skipped_;
};

struct Range {
  std::int64_t first, last, step = 1;
};

/// "7", "3-9" or "3-9:2"; none for anything else.
std::optional<Range> parse_range(std::string_view entry) {
  if (entry.empty() || entry.find_first_not_of("0123456789-:") != std::string_view::npos) return {};
  const std::string_view whole = entry;
  Range range{};
  if (const auto colon = entry.find(':'); colon != std::string_view::npos) {
    range.step = parse_integer(entry.substr(colon + 1), whole);
    if (range.step < 1) fail_usage("'", whole, "': expected a step of at least 1");
    entry = entry.substr(0, colon);
  }
  const auto dash = entry.find('-', 1);
  range.first = parse_integer(entry.substr(0, dash), entry);
  range.last =
      dash == std::string_view::npos ? range.first : parse_integer(entry.substr(dash + 1), entry);
  if (range.first < 0 || range.last < range.first) {
    fail_usage("'", whole, "' is no range: expected FIRST-LAST with 0 <= FIRST <= LAST");
  }
  return range;
}

/// Appends the numbers of a range that ends at or below `largest`, none of which was there before.
void append(std::vector<std::int64_t>& numbers, std::unordered_set<std::int64_t>& seen,
            const Range& range, std::int64_t largest, std::string_view what) {
  if (range.last > largest) {
    fail(what, ": expected numbers up to ", largest, ", found ", range.last);
  }
  for (std::int64_t n = range.first;; n += range.step) {
    if (!seen.insert(n).second) fail_usage(what, ": ", n, " is named twice");
    numbers.push_back(n);
    if (range.last - n < range.step) return;  // n + step may be beyond int64
  }
}

std::vector<std::int64_t> read_rows(const std::string& file, std::size_t size,
                                    std::string_view what) {
  const Array array = io::read_npy(file);
  if (array.shape().size() != 1) {
    fail(what, " ", file, ": expected a list of row numbers [N], found ", to_string(array.shape()));
  }
  const Array whole = array.to_int64();
  const auto rows = whole.as<std::int64_t>();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] < 0 || static_cast<std::size_t>(rows[i]) >= size) {
      fail(what, " ", file, ": expected rows of a data set of ", size, ", found ", rows[i],
           " at position ", i);
    }
  }
  return {rows.begin(), rows.end()};
}

std::vector<std::int64_t> chosen_rows(const Dataset& source, const DatasetType& choice) {
  const std::size_t size = source.size();
  std::vector<std::int64_t> rows;
  if (choice.index.empty()) {
    for (std::size_t i = 0; i < size; ++i) rows.push_back(static_cast<std::int64_t>(i));
  } else {
    rows = parse_rows(choice.index, size, "index");
  }
  if (!choice.except.empty()) {
    const auto left_out = parse_rows(choice.except, size, "except");
    const std::unordered_set<std::int64_t> gone(left_out.begin(), left_out.end());
    std::erase_if(rows, [&](std::int64_t r) { return gone.contains(r); });
  }
  return rows;
}

std::int64_t largest_label(const Dataset& source) {
  if (const auto names = source.class_names(); !names.empty()) {
    return static_cast<std::int64_t>(names.size()) - 1;
  }
  std::int64_t largest = -1;
  for (std::size_t i = 0; i < source.size(); ++i) largest = std::max(largest, source.label(i));
  return largest;
}

std::vector<std::int64_t> all_but(std::vector<std::int64_t> labels, std::int64_t classes) {
  std::ranges::sort(labels);
  std::vector<std::int64_t> rest;
  for (std::int64_t c = 0; c < classes; ++c) {
    if (!std::ranges::binary_search(labels, c)) rest.push_back(c);
  }
  return rest;
}

/// drawn(COUNT,SEED) and not_drawn(COUNT,SEED); none for anything else.
std::optional<std::vector<std::int64_t>> parse_draw(const std::string& entry,
                                                    std::int64_t classes) {
  const bool others = entry.starts_with("not_drawn(");
  if (!others && !entry.starts_with("drawn(")) return {};
  const auto open = entry.find('(');
  const auto arguments = split_top_level(entry.substr(open + 1, entry.rfind(')') - open - 1));
  if (arguments.size() != 2 || !entry.ends_with(')')) {
    fail_usage("classes: expected drawn(COUNT,SEED), found '", entry, "'");
  }
  const std::int64_t count = parse_integer(arguments[0], entry);
  auto labels = draw_classes(classes, count, parse_seed(arguments[1], entry));
  return others ? all_but(std::move(labels), classes) : labels;
}

}  // namespace

std::vector<std::int64_t> draw_classes(std::int64_t classes, std::int64_t count,
                                       std::uint32_t seed) {
  if (count < 1 || count > classes) {
    fail("classes: expected to draw 1 to ", classes, " of ", classes, ", found ", count);
  }
  return drawn_of(static_cast<std::size_t>(classes), static_cast<std::size_t>(count), seed);
}

std::vector<std::int64_t> parse_rows(std::string_view list, std::size_t size,
                                     std::string_view what) {
  if (list.find_first_not_of("0123456789-:, ") != std::string_view::npos) {
    return read_rows(std::string(list), size, what);
  }
  std::vector<std::int64_t> rows;
  std::unordered_set<std::int64_t> seen;
  for (const std::string& entry : split_top_level(list)) {
    const auto range = as_usage([&] { return parse_range(entry); });
    if (!range) fail_usage(what, ": expected rows as in 0-99,205, found '", list, "'");
    append(rows, seen, *range, static_cast<std::int64_t>(size) - 1, what);
  }
  return rows;
}

std::vector<std::int64_t> parse_classes(std::string_view list,
                                        const std::vector<std::string>& class_names,
                                        std::int64_t largest) {
  std::unordered_map<std::string_view, std::int64_t> label_of;
  for (std::size_t c = 0; c < class_names.size(); ++c) {
    label_of.emplace(class_names[c], static_cast<std::int64_t>(c));
  }
  if (largest < 0) fail("classes: the data set has no labels to choose from");
  std::vector<std::int64_t> labels;
  std::unordered_set<std::int64_t> seen;
  for (const std::string& entry : as_usage([&] { return split_top_level(list); })) {
    if (const auto named = label_of.find(entry); named != label_of.end()) {
      append(labels, seen, {named->second, named->second}, largest, "classes");
    } else if (const auto drawn = as_usage([&] { return parse_draw(entry, largest + 1); })) {
      for (const std::int64_t c : *drawn) append(labels, seen, {c, c}, largest, "classes");
    } else if (const auto range = as_usage([&] { return parse_range(entry); })) {
      append(labels, seen, *range, largest, "classes");
    } else if (entry.starts_with("not(") && entry.ends_with(')')) {
      const std::string_view left_out = std::string_view(entry).substr(4, entry.size() - 5);
      for (const std::int64_t c :
           all_but(parse_classes(left_out, class_names, largest), largest + 1)) {
        append(labels, seen, {c, c}, largest, "classes");
      }
    } else {
      constexpr std::size_t worth_listing = 50;
      fail("classes: there is no class '", entry, "' among the ", largest + 1, ".",
           class_names.size() <= worth_listing ? suggest(entry, class_names) : "");
    }
  }
  return labels;
}

std::unique_ptr<Dataset> select_pictures(std::unique_ptr<Dataset> source,
                                         const DatasetType& choice) {
  if (choice.index.empty() && choice.except.empty() && choice.classes.empty() &&
      choice.per_class.empty() && !choice.skip_broken) {
    return source;
  }
  std::vector<std::int64_t> classes;
  if (!choice.classes.empty()) {
    classes = parse_classes(choice.classes, source->class_names(), largest_label(*source));
  }
  std::vector<std::int64_t> rows = chosen_rows(*source, choice);
  auto subset = std::make_unique<Subset>(std::move(source), std::move(rows));
  if (!classes.empty()) subset->keep_classes(std::move(classes));
  if (choice.skip_broken) subset->skip_broken();
  if (!choice.per_class.empty()) {
    subset->keep_of_each_class(as_usage([&] { return parse_per_class(choice.per_class); }));
  }
  return subset;
}

std::string SomePictures::hash() const {
  return io::sha256(text(source_.hash(), " ", count_, " of ", source_.size()));
}

std::unique_ptr<Dataset> evenly_spread(std::unique_ptr<Dataset> source, std::size_t count) {
  const std::size_t size = source->size();
  if (count >= size) return source;
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < count; ++i)
    rows.push_back(static_cast<std::int64_t>(i * size / count));
  return std::make_unique<Subset>(std::move(source), std::move(rows));
}

}  // namespace nescio::image
