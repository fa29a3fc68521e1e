#include "train/run_log.h"

#include <fcntl.h>

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "io/csv.h"
#include "io/tensorboard.h"

namespace nescio::train {
namespace {

using Row = nlohmann::ordered_json;

double seconds_since_1970() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

bool is_value(const std::string& key) {
  return key != "step" && key != "epoch" && key != "split" && key != "time";
}

/// Whether it is a row that write() made; null stands for a value that is not finite.
bool is_row(const Row& row) {
  if (!row.is_object() || !row.contains("step") || !row["step"].is_number_integer()) return false;
  return std::ranges::all_of(row.items(), [](const auto& item) {
    return item.key() == "split" ? item.value().is_string()
                                 : item.value().is_number() || item.value().is_null();
  });
}

/// f(row) of each row up to `steps_done`; ends before a line that a kill cut off.
template <class F>
void for_each_row(std::string_view lines, std::int64_t steps_done, const F& f) {
  while (!lines.empty()) {
    const auto end = std::min(lines.find('\n'), lines.size());
    const Row row = Row::parse(lines.substr(0, end), nullptr, /*allow_exceptions=*/false);
    if (!is_row(row) || row["step"].get<std::int64_t>() > steps_done) return;
    f(row);
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
}

std::string events_of(const Row& row) {
  const std::string split = row.value("split", "");
  std::string out;
  for (const auto& [key, value] : row.items()) {
    if (!is_value(key) || value.is_null()) continue;
    out += io::scalar_event(row.value("time", 0.0), row.value("step", std::int64_t{0}),
                            split + "/" + key, value.get<float>());
  }
  return out;
}

}  // namespace

void RunLog::Stream::write(std::string_view text) {
  io::write_all(file, path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void RunLog::Stream::open() { file = io::FileDescriptor(path, O_WRONLY | O_APPEND); }

RunLog::RunLog(const std::filesystem::path& run, std::int64_t steps_done)
    : jsonl_{run / "metrics.jsonl"},
      csv_{run / "metrics.csv"},
      events_{run / "events.out.tfevents.nescio"},
      columns_{"step", "epoch", "split", "lr", "loss", "accuracy", "images_per_second", "rows"} {
  io::SharedBytes old;
  if (steps_done > 0 && std::filesystem::exists(jsonl_.path)) old = io::map_file(jsonl_.path);
  double start = seconds_since_1970();
  for_each_row(old.text(), steps_done, [&](const Row& row) {
    if (!begun_) start = row.value("time", 0.0);
    begun_ = true;
    add_columns(row);
  });
  io::AtomicFile jsonl(jsonl_.path), csv(csv_.path), events(events_.path);
  events.write(io::event_file_start(start));
  for_each_row(old.text(), steps_done, [&](const Row& row) {
    jsonl.write(row.dump() + "\n");
    events.write(events_of(row));
  });
  if (begun_) write_csv(csv, old.text(), steps_done);
  for (io::AtomicFile* file : {&jsonl, &csv, &events}) file->commit();
  for (Stream* stream : {&jsonl_, &csv_, &events_}) stream->open();
}

void RunLog::write(const MetricsRow& values) {
  Row row = {{"step", values.step}, {"epoch", values.epoch}, {"split", values.split}};
  for (const auto& [name, value] : values.values) row[name] = value;
  row["time"] = seconds_since_1970();
  jsonl_.write(row.dump() + "\n");
  if (add_columns(row) || !begun_) {
    io::AtomicFile csv(csv_.path);
    write_csv(csv, io::map_file(jsonl_.path).text(), values.step);
    csv.commit();
    csv_.open();
    begun_ = true;
  } else {
    csv_.write(csv_line(row));
  }
  events_.write(events_of(row));
}

bool RunLog::add_columns(const Row& row) {
  const std::size_t before = columns_.size();
  for (const auto& [key, value] : row.items()) {
    const bool known = key == "time" || std::ranges::find(columns_, key) != columns_.end();
    if (!known) columns_.push_back(key);
  }
  return columns_.size() > before;
}

void RunLog::write_csv(io::AtomicFile& file, std::string_view lines,
                       std::int64_t steps_done) const {
  file.write(io::csv_row(columns_));
  for_each_row(lines, steps_done, [&](const Row& row) { file.write(csv_line(row)); });
}

std::string RunLog::csv_line(const Row& row) const {
  std::vector<std::string> fields;
  for (const std::string& column : columns_) {
    const auto found = row.find(column);
    // "null" is what JSON has for a value that is not finite.
    std::string field = found == row.end()   ? "null"
                        : found->is_string() ? found->get<std::string>()
                                             : found->dump();
    fields.push_back(field == "null" ? "" : std::move(field));
  }
  return io::csv_row(fields);
}

}  // namespace nescio::train
