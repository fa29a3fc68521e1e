// What a score is a function of.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/matrix.h"
#include "expr/expr.h"

/// A score is written in the language of expressions, as its paper writes it.
namespace nescio::detectors {

using namespace expr;

/// Rows up to this length have no direction: the squares of their entries are no normal floats.
inline constexpr double shortest_row = 1.0842021724855044e-19;  // sqrt(the smallest normal float)
/// x / |x|, row by row; a row of zeros stays zero.
Expr unit_rows(const Expr& x);

/// The last layer as constants: logits = features W^T + b.
struct HeadTables {
  Table weight;  // W [C, D]
  Table bias;    // b [1, C]
};
/// The values of a table in double.
Matrix matrix_of(const Table& table);

/// Logits [B, C] and features [B, D] of a batch and the head, each absent where the bank lacks it
/// (an empty Expr). A shaper returns changed ones; logits that nobody touched are the network's
/// own. `arrays` are what probes added, by name: a shaper leaves them alone, since they come from
/// a pass of their own over the network.
struct Inputs {
  Expr logits;
  Expr features;
  Expr unscaled;         // features but for factors of whole rows
  Expr unscaled_logits;  // the same of the logits
  std::optional<HeadTables> head;
  std::map<std::string, Expr> arrays;

  /// An array that a probe added; Error that says how to get it.
  const Expr& array(const std::string& name) const;
  /// unit_rows() of the features: what scaling a row cannot change.
  Expr directions() const { return unit_rows(unscaled); }
  /// The class that the network sees, an index: the largest of the logits, which scaling a row cannot
  /// change either.
  Expr seen() const { return row_argmax(unscaled_logits); }

  /// Other features; the logits follow from the head (Error without one).
  Inputs with_features(const Expr& changed) const;
  /// Features times a factor [B, 1] > 0. The logits follow as factor (z - b) + b, which needs no
  /// product with the head, only its bias (Error without one).
  Inputs with_scaled_features(const Expr& factor) const;
  /// Logits times a factor [B, 1] > 0; the features stay. Whatever changes features or head later computes the
  /// logits anew, without the factor.
  Inputs with_scaled_logits(const Expr& factor) const;
  /// Another head for the same features; the logits follow from it.
  Inputs with_head(HeadTables changed) const;
};

/// Widths of arrays by name.
using Widths = std::map<std::string, std::size_t>;

/// Inputs over a graph (none: a new one); a width of 0 leaves the array out. Without logits of their
/// own, they follow from features and head. `arrays` are those of probes. In the graph `prefix` stands
/// before the name of each.
Inputs make_inputs(std::size_t classes, std::size_t feature_width, std::optional<HeadTables> head,
                   const Widths& arrays = {}, std::shared_ptr<Graph> graph = nullptr,
                   const std::string& prefix = "");

}  // namespace nescio::detectors
