#include "train/run_log.h"

#include <fcntl.h>

#include <chrono>
#include <sstream>

#include "base/error.h"
#include "io/csv.h"
#include "io/json_file.h"
#include "io/tensorboard.h"

namespace nescio {
namespace {

double seconds_since_1970() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

bool is_value(const std::string& key) {
  return key != "step" && key != "epoch" && key != "split" && key != "time";
}

/// The rows up to `steps_done`; ends before a line that a kill cut off.
std::vector<nlohmann::ordered_json> read_rows(const std::filesystem::path& path,
                                              std::int64_t steps_done) {
  std::vector<nlohmann::ordered_json> rows;
  if (steps_done == 0 || !std::filesystem::exists(path)) return rows;
  std::istringstream lines(read_text(path));
  for (std::string line; std::getline(lines, line);) {
    const auto row = nlohmann::ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!row.is_object() || !row.contains("step") ||
        row.value("step", std::int64_t{0}) > steps_done)
      break;
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

void RunLog::Stream::write(std::string_view text) {
  if (!file.valid()) {
    kept += text;
    return;
  }
  write_all(file, path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void RunLog::Stream::open() {
  write_text(path, kept);
  kept.clear();
  file = FileDescriptor(path, O_WRONLY | O_APPEND);
}

RunLog::RunLog(const std::filesystem::path& run, std::int64_t steps_done)
    : jsonl_{run / "metrics.jsonl"},
      csv_{run / "metrics.csv"},
      events_{run / "events.out.tfevents.nescio"} {
  const auto kept = read_rows(jsonl_.path, steps_done);
  events_.write(event_file_start(kept.empty() ? seconds_since_1970() : kept[0].value("time", 0.0)));
  for (const auto& row : kept) append(row);
  for (Stream* stream : {&jsonl_, &csv_, &events_}) stream->open();
}

void RunLog::write(const MetricsRow& row) {
  nlohmann::ordered_json json = {{"step", row.step}, {"epoch", row.epoch}, {"split", row.split}};
  for (const auto& [name, value] : row.values) json[name] = value;
  json["time"] = seconds_since_1970();
  append(json);
}

void RunLog::append(const nlohmann::ordered_json& row) {
  jsonl_.write(row.dump() + "\n");
  if (columns_.empty()) {
    for (const auto& [key, value] : row.items()) {
      if (key != "time") columns_.push_back(key);
    }
    csv_.write(csv_row(columns_));
  }
  std::vector<std::string> fields;
  for (const std::string& column : columns_) {
    const auto found = row.find(column);
    if (found == row.end()) {
      fields.emplace_back();
    } else {
      fields.push_back(found->is_string() ? found->get<std::string>() : found->dump());
    }
  }
  csv_.write(csv_row(fields));
  const std::string split = row.value("split", "");
  std::string events;
  for (const auto& [key, value] : row.items()) {
    if (!is_value(key)) continue;
    events += scalar_event(row.value("time", 0.0), row.value("step", std::int64_t{0}),
                           split + "/" + key, value.get<float>());
  }
  events_.write(events);
}

}  // namespace nescio
