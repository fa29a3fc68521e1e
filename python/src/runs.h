// What was measured, with all that a report of it is made from.
#pragma once

#include "evaluation/roles.h"
#include "report/results.h"
#include "views.h"

namespace nescio::python {

struct Run {
  Views data = {};  // as full_spectrum() makes it, and so the roles
  evaluation::Roles roles = {};
  report::RunRecord record = {};
};

}  // namespace nescio::python
