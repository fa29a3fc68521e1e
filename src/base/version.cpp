#include "base/version.h"

namespace nescio {

std::string_view version() { return NESCIO_VERSION; }

}  // namespace nescio
