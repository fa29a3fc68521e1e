#include "evaluation/ensemble.h"

#include <cmath>

#include "base/arguments.h"
#include "base/error.h"
#include "base/spec.h"
#include "detectors/bank_inputs.h"
#include "detectors/combinator.h"
#include "evaluation/mean_softmax.h"

namespace nescio::evaluation {
namespace {

using expr::Expr;

constexpr const char* mutual_information = "mutual_information";

/// What a spec asks for.
struct Ensemble {
  std::string detector;  // a spec, or mutual_information
  std::string of = "probabilities";
};

Ensemble parse_ensemble(std::string_view source) {
  Spec spec = parse_spec(source);
  const std::string where = "[" + print(spec) + "]";
  Term& term = spec.terms.front();
  Ensemble out;
  const std::vector<Spec> members = detectors::take_members(term);
  if (spec.terms.size() > 1 || members.size() != 1) {
    fail(where, " expected ensemble(DETECTOR) or ensemble(", mutual_information, ")");
  }
  out.detector = print(members.front());
  const Parameter<Ensemble> of =
      bind_parameter<Ensemble>(&Ensemble::of, {.name = "of",
                                               .doc = "what is averaged over the networks",
                                               .choices = {"probabilities", "logits"}});
  set_arguments(out, {of}, where, term);
  if (out.detector == mutual_information) {
    if (out.of == "probabilities") return out;
    fail(where, " ", mutual_information, " is one of probabilities; leave out of=");
  }
  const detectors::Chain chain(out.detector);
  const detectors::Needs needs = chain.needs();
  if (!chain.fits_on().empty() || needs.features || needs.head || !needs.arrays.empty()) {
    fail(where, " ", chain.spec(),
         " reads more than logits, or learns: it is fitted on each network, and ", chain.spec(),
         " alone is the mean of their scores");
  }
  out.detector = chain.spec();
  return out;
}

Expr mean_expr(const std::vector<Expr>& values) {
  Expr sum = values.front();
  for (std::size_t m = 1; m < values.size(); ++m) sum = sum + values[m];
  return sum / static_cast<double>(values.size());
}

Expr score_of(const std::string& detector, const Expr& logits) {
  detectors::Inputs in;
  in.logits = in.unscaled_logits = logits;
  return detectors::Chain(detector).score(in);
}

}  // namespace

bool is_ensemble(std::string_view spec) {
  return parse_spec(spec).terms.front().name == "ensemble";
}

std::string ensemble_spec(std::string_view spec) {
  const Ensemble asked = parse_ensemble(spec);
  const std::string of = asked.of == "probabilities" ? "" : ",of=" + asked.of;
  return "ensemble(" + asked.detector + of + ")";
}

std::vector<Expr> ensemble_scores(const bank::BankViews& bank,
                                  const std::vector<std::string>& splits,
                                  const std::vector<std::string>& specs) {
  if (bank.members().size() < 2) {
    fail("[", specs.front(),
         "] reads several networks; name their banks with bank=BANK,BANK of `evaluate`");
  }
  const std::vector<Expr> logits = detectors::logits_of_members(bank, splits);
  const Expr mean = log_mean_softmax(logits);
  std::vector<Expr> out;
  for (const std::string& spec : specs) {
    const Ensemble asked = parse_ensemble(spec);
    if (asked.detector != mutual_information) {
      out.push_back(score_of(asked.detector, asked.of == "logits" ? mean_expr(logits) : mean));
      continue;
    }
    std::vector<Expr> entropies;
    for (const Expr& of_network : logits) entropies.push_back(score_of("entropy", of_network));
    out.push_back(score_of("entropy", mean) - mean_expr(entropies));
  }
  return out;
}

}  // namespace nescio::evaluation
