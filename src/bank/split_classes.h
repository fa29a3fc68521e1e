// Whether splits of a bank number the same classes in the same way.
#pragma once

#include <string>
#include <vector>

#include "bank/bank_view.h"
#include "base/notice.h"

namespace nescio::bank {

/// Error for the first of some splits whose labels do not mean what those of one before it mean, as
/// far as both name their classes. Empty names of splits are passed over.
void check_split_classes(const BankViews& bank, const std::vector<std::string>& splits);

/// One sentence for each of the splits `ood` some of whose classes are called like classes of the
/// first of `splits` that names some, and others not.
Notices shared_classes(const BankViews& bank, const std::vector<std::string>& splits,
                       const std::vector<std::string>& ood);

}  // namespace nescio::bank
