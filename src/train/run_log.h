// The curves of a run: metrics.jsonl, metrics.csv and events for TensorBoard.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/file.h"

namespace nescio {

/// A row of the curves.
struct MetricsRow {
  std::int64_t step = 0;  // steps done
  std::int64_t epoch = 0;
  std::string split;  // "train" (means since the row before) or "val"
  std::vector<std::pair<std::string, double>> values;
};

/// Appends rows to all three files. The columns of the CSV are the values of the first row.
class RunLog {
 public:
  /// Keeps the rows up to `steps_done` of what an earlier run left in the folder; on a full disk all.
  RunLog(const std::filesystem::path& run, std::int64_t steps_done);

  void write(const MetricsRow& row);

 private:
  void append(const nlohmann::ordered_json& row);

  struct Stream {
    std::filesystem::path path;
    std::string kept = {};     // what goes into the file as it is opened
    FileDescriptor file = {};  // appends
    void write(std::string_view text);
    /// Replaces the file by what is kept, as a whole or not at all.
    void open();
  };
  Stream jsonl_, csv_, events_;
  std::vector<std::string> columns_;
};

}  // namespace nescio
