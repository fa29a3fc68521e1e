// Rows to fit on and to score, from Python's arrays or from a bank.
#pragma once

#include "bank/bank_view.h"

namespace nescio::python {

struct Views {
  bank::BankViews views;
  std::vector<Array> borrowed = {};  // memory of Python's that they look into
};

}  // namespace nescio::python
