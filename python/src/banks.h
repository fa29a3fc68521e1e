// Feature banks on disk.
#pragma once

#include "bank/feature_bank.h"

namespace nescio::python {

/// A bank that writers change; all access to its manifest is under Python's lock.
struct Bank {
  bank::FeatureBank bank;
};

}  // namespace nescio::python
