// What the opaque handles of the C interface are.
#pragma once

#include <nescio/nescio.h>

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/fitted.h"
#include "api/scorer.h"

struct nescio_bank {
  explicit nescio_bank(nescio::bank::FeatureBank bank_) : bank(std::move(bank_)) { look_again(); }

  /// After a change of the bank. Names that were handed out stay where they are.
  void look_again() {
    views = bank;
    splits.clear();
    for (const std::string& split : bank.splits()) splits.push_back(&*names.insert(split).first);
  }

  nescio::bank::FeatureBank bank;
  nescio::bank::BankViews views;
  std::vector<const std::string*> splits;
  std::set<std::string> names;
  /// Arrays that were asked for, which stay mapped.
  mutable std::mutex mutex;
  mutable std::map<std::pair<std::string, std::string>, nescio::Array> arrays;
};

struct nescio_detector {
  explicit nescio_detector(nescio::api::Fitted fitted_)
      : fitted(std::move(fitted_)),
        inputs(nescio::api::inputs_of(*fitted.detector)),
        notices(nescio::join(fitted.notices, "\n")) {}

  nescio::api::Fitted fitted;
  const std::vector<std::pair<std::string, std::size_t>> inputs;
  const std::string notices;
};

struct nescio_scorer {
  const nescio::api::Scorer scorer;
};
