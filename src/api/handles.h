// What the opaque handles of the C interface are.
#pragma once

#include <nescio/nescio.h>

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "api/fitted.h"
#include "api/scorer.h"

struct nescio_bank {
  explicit nescio_bank(const char* folder)
      : bank(nescio::bank::FeatureBank::open(folder)), views(bank), splits(bank.splits()) {}

  const nescio::bank::FeatureBank bank;
  const nescio::bank::BankViews views;
  const std::vector<std::string> splits;
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
