// A fitted detector in memory with all that its folder holds.
#pragma once

#include <nescio/nescio.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "bank/bank_view.h"
#include "base/notice.h"
#include "detectors/fitting.h"
#include "detectors/saved_calibration.h"

namespace nescio::api {

struct Fitted {
  std::shared_ptr<const detectors::FittedDetector> detector = {};  // scorers share it
  detectors::Calibrations calibrations = {};
  std::map<std::string, Array> self_test = {};  // rows that are replayed at every load
  Notices notices = {};
};

/// detectors::fit_detector() with rows for the self-test. Errors as there.
Fitted fit(const std::string& spec, const bank::BankViews& views,
           const detectors::FitSplits& splits);
/// The same on the caller's arrays, of which nothing is kept.
Fitted fit(const std::string& spec, const nescio_fit_data& data);
Fitted load(const std::filesystem::path& folder);
void save(const Fitted& fitted, const std::filesystem::path& folder);

}  // namespace nescio::api
