// The page of a trace: OOD detection, loss and accuracy over a training run.
#pragma once

#include <span>
#include <string>

#include "evaluation/trace.h"
#include "report/table.h"

namespace nescio::report {

/// Of each detector and metric: the last checkpoints, the chosen one, the difference with its interval,
/// and what chance does.
TextTable trace_table(const evaluation::Trace& trace,
                      std::span<const evaluation::TracedCheckpoint> checkpoints);

std::string trace_page(const std::string& run, const evaluation::Trace& trace,
                       std::span<const evaluation::TracedCheckpoint> checkpoints,
                       const evaluation::TraceSettings& settings);

}  // namespace nescio::report
