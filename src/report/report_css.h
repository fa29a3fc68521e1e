// The style sheet of the report (report.css), compiled in by CMake.
#pragma once

namespace nescio::report {

extern const char* const report_css;

}  // namespace nescio::report
