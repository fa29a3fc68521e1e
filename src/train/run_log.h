// The curves of a run: metrics.jsonl, metrics.csv and events for TensorBoard.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/file.h"

namespace nescio::train {

/// A row of the curves.
struct MetricsRow {
  std::int64_t step = 0;  // steps done
  std::int64_t epoch = 0;
  std::string split;  // "train" (means since the row before) or "val"
  std::vector<std::pair<std::string, double>> values;
};

/// Appends rows to all three files. The columns of the CSV are those that training always has, then
/// every other value in the order of its first row: a value that comes later has the file written
/// anew. JSON lines of any length in all are read one by one.
class RunLog {
 public:
  /// Keeps the rows up to `steps_done` of what an earlier run left in the folder; on a full disk all.
  RunLog(const std::filesystem::path& run, std::int64_t steps_done);

  void write(const MetricsRow& row);

 private:
  /// Whether the row has values that are no columns yet; they become some.
  bool add_columns(const nlohmann::ordered_json& row);
  /// The header and the rows of JSON lines up to `steps_done`.
  void write_csv(io::AtomicFile& file, std::string_view lines, std::int64_t steps_done) const;
  std::string csv_line(const nlohmann::ordered_json& row) const;

  struct Stream {
    std::filesystem::path path;
    io::FileDescriptor file = {};  // appends
    void write(std::string_view text);
    void open();
  };
  Stream jsonl_, csv_, events_;
  std::vector<std::string> columns_;
  bool begun_ = false;  // the CSV has its header
};

}  // namespace nescio::train
