#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <random>
#include <system_error>

#include "bank/feature_bank.h"
#include "bank/manifest.h"
#include "base/error.h"
#include "io/json_file.h"
#include "io/npy.h"

namespace nescio::bank {
namespace fs = std::filesystem;
namespace {

constexpr auto sync_interval = std::chrono::seconds(1);

void check_plan(const ArrayPlan& array, const std::string& split) {
  check_array_name(array.name);
  const auto& [name, dtype, row_shape, inputs] = array;
  const bool matrix = name == "logits" || name == "features";
  const bool column = name == "labels" || name == "index";
  if ((matrix && (dtype != DType::float32 || row_shape.size() != 1)) ||
      (column && (dtype != DType::int64 || !row_shape.empty()))) {
    fail(split, "/", name, ": expected ", matrix ? "float32 [N, width]" : "int64 [N]", ", found ",
         name_of(dtype), " with rows of shape ", to_string(row_shape));
  }
  if (count_of(row_shape) == 0) fail(split, "/", name, ": its rows would have no values");
}

std::size_t width_of(const std::vector<ArrayPlan>& arrays, std::string_view name) {
  for (const auto& array : arrays) {
    if (array.name == name) return array.row_shape[0];
  }
  return 0;
}

Shape whole_shape(const ArrayPlan& array, std::size_t rows) {
  Shape shape = array.row_shape;
  shape.insert(shape.begin(), rows);
  return shape;
}

// Takes the space now, so that a full disk is known before hours of work.
void reserve(const io::FileDescriptor& file, const fs::path& path, std::size_t bytes) {
  int error = ::posix_fallocate(file.get(), 0, static_cast<off_t>(bytes));
  if (error == EINVAL || error == EOPNOTSUPP) {
    error = ::ftruncate(file.get(), static_cast<off_t>(bytes)) == 0 ? 0 : errno;
  }
  if (error != 0) {
    fail(path.string(), ": ", bytes,
         " bytes cannot be reserved: ", std::generic_category().message(error));
  }
}

}  // namespace

SplitWriter::SplitWriter(FeatureBank& bank, std::string split, std::size_t rows,
                         std::vector<ArrayPlan> arrays, nlohmann::json inputs, Rest rest,
                         Communicator& processes)
    : bank_(bank),
      split_(std::move(split)),
      rows_(rows),
      arrays_(std::move(arrays)),
      inputs_(std::move(inputs)),
      rest_(rest),
      processes_(processes),
      last_sync_(std::chrono::steady_clock::now()) {
  check_split_name(split_);
  if (rows_ == 0) fail(split_, ": expected at least one row, found none");
  if (arrays_.empty()) fail(split_, ": expected at least one array, found none");
  std::vector<std::string> names;
  for (const auto& array : arrays_) {
    check_plan(array, split_);
    if (std::ranges::find(names, array.name) != names.end()) {
      fail(split_, ": the array '", array.name, "' twice");
    }
    names.push_back(array.name);
  }
  bank_.check_widths(split_, width_of(arrays_, "logits"), width_of(arrays_, "features"));
  if (rest_ == Rest::kept) bank_.check_others(split_, names, rows_);
  bank_.check_place(split_);

  folder_ = bank_.partial_of(split_);
  for (const auto& array : arrays_) {
    File file;
    file.path = array_path(folder_, array.name);
    file.header = io::npy_header(array.dtype, whole_shape(array, rows_)).size();
    file.row = count_of(array.row_shape) * size_of(array.dtype);
    files_.push_back(std::move(file));
  }
  if (processes_.is_first()) {
    {
      const io::FolderLock bank_lock(bank_.path_, true);
      io::make_folders(folder_);
      lock_ = io::FolderLock(folder_, false);
    }
    if (!resume()) begin();
    if (processes_.size() > 1) write_journal();
  }
  processes_.wait_for_all();
  if (!processes_.is_first() && !resume()) {
    fail(folder_.string(), ": process ", processes_.rank(), " of ", processes_.size(),
         " does not find there what the first one has made; a bank that several machines write has "
         "to lie where all of them see it");
  }
  processes_.wait_for_all();  // until all have read the journal, it says the same to them
  before_ = there_.count();
}

SplitWriter::~SplitWriter() {
  if (finished_) return;
  try {
    if (there_.count() == 0 && processes_.size() == 1) {
      discard();
    } else {
      sync();
    }
  } catch (const std::exception&) {
    // The journal then says less than was done: the next writer repeats it.
  }
}

nlohmann::json SplitWriter::plan() const {
  nlohmann::json arrays = nlohmann::json::array();
  for (const auto& array : arrays_) {
    arrays.push_back({{"name", array.name},
                      {"dtype", name_of(array.dtype)},
                      {"row_shape", array.row_shape},
                      {"inputs", array.inputs}});
  }
  return {{"rows", rows_}, {"arrays", arrays}, {"inputs", inputs_}};
}

fs::path SplitWriter::journal_of(int rank) const {
  return folder_ / (rank == 0 ? std::string(journal_name) : text("journal-", rank, ".json"));
}

void SplitWriter::write_journal() const {
  io::write_json(journal_of(processes_.rank()),
                 {{"plan", plan()}, {"files", files_id_}, {"done", there_.to_json()}});
}

// Error if it is of another plan, or of other files.
RowRanges SplitWriter::read_journal(const fs::path& path) {
  const auto journal = io::read_json(path);
  const auto id = journal.at("files").get<std::string>();
  if (journal.at("plan") != plan() || (!files_id_.empty() && id != files_id_)) {
    fail(path.string(), ": expected the journal of the same rows and arrays");
  }
  files_id_ = id;
  return RowRanges::from_json(journal.at("done"), rows_);
}

// Whether an interrupted writer with the same plan left usable files; opens them.
bool SplitWriter::resume() {
  try {
    there_ = read_journal(folder_ / journal_name);
    for (auto& file : files_) {
      if (io::stamp_of(file.path).bytes != file.header + rows_ * file.row) return false;
      file.descriptor = io::FileDescriptor(file.path, O_WRONLY);
    }
  } catch (const std::exception&) {
    return false;  // no journal, or a damaged one: begin anew
  }
  if (processes_.is_first()) gather_journals();
  const auto gaps = there_.gaps(rows_);
  next_ = gaps.empty() ? rows_ : gaps.front().first;
  return true;
}

// What several processes say that they have written; the first one says it for them from here on.
void SplitWriter::gather_journals() {
  std::vector<fs::path> others;
  for (const auto& item : fs::directory_iterator(folder_)) {
    if (!item.path().filename().string().starts_with("journal-")) continue;
    others.push_back(item.path());
    try {
      const RowRanges more = read_journal(item.path());
      for (const Share& rows : more.ranges()) there_.add(rows);
    } catch (const std::exception&) {
      // Damaged, or of files that are gone: its rows are written again.
    }
  }
  if (others.empty()) return;
  write_journal();
  for (const fs::path& path : others) fs::remove(path);
}

std::vector<Share> SplitWriter::own_rows(std::size_t unit) const {
  return there_.share_of_gaps(processes_, rows_, unit);
}

// The folder itself stays: it is locked.
void SplitWriter::begin() {
  there_ = {};
  files_id_ = std::to_string(std::random_device()());
  for (const auto& rest : fs::directory_iterator(folder_)) fs::remove_all(rest.path());
  try {
    for (std::size_t i = 0; i < arrays_.size(); ++i) {
      const std::string header = io::npy_header(arrays_[i].dtype, whole_shape(arrays_[i], rows_));
      count_of(whole_shape(arrays_[i], rows_), size_of(arrays_[i].dtype));  // Error if absurd
      File& file = files_[i];
      file.descriptor = io::FileDescriptor(file.path, O_WRONLY | O_CREAT | O_TRUNC);
      reserve(file.descriptor, file.path, file.header + rows_ * file.row);
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(header.data());
      io::write_all(file.descriptor, file.path, {bytes, header.size()}, 0);
    }
  } catch (...) {
    discard();
    throw;
  }
}

void SplitWriter::discard() {
  const io::FolderLock bank_lock(bank_.path_, true);
  bank_.remove_partial(split_);
}

void SplitWriter::write(std::string_view name, const Array& rows) {
  const auto plan = std::find_if(arrays_.begin(), arrays_.end(),
                                 [&](const ArrayPlan& array) { return array.name == name; });
  if (plan == arrays_.end()) fail(split_, ": the array '", name, "' was not planned");
  const std::size_t count = rows.shape().empty() ? 0 : rows.shape()[0];
  if (rows.dtype() != plan->dtype || rows.shape() != whole_shape(*plan, count)) {
    fail(split_, "/", name, ": expected ", name_of(plan->dtype), " rows of shape ",
         to_string(plan->row_shape), ", found ", name_of(rows.dtype()), " ",
         to_string(rows.shape()));
  }
  if (count > rows_ - next_) {
    fail(split_, "/", name, ": ", count, " more rows after ", next_, " of ", rows_);
  }
  File& file = files_[static_cast<std::size_t>(plan - arrays_.begin())];
  io::write_all(file.descriptor, file.path,
                {static_cast<const std::uint8_t*>(rows.data()), rows.bytes()},
                static_cast<std::int64_t>(file.header + next_ * file.row));
  file.written = count;
}

void SplitWriter::commit(std::size_t rows) {
  for (std::size_t i = 0; i < arrays_.size(); ++i) {
    if (files_[i].written != rows) {
      fail(split_, "/", arrays_[i].name, ": ", files_[i].written, " rows were written, expected ",
           rows);
    }
  }
  for (auto& file : files_) file.written = 0;
  there_.add({next_, rows});
  next_ += rows;
  own_ += rows;
  if (std::chrono::steady_clock::now() - last_sync_ >= sync_interval) sync();
}

// First the values, then the journal that promises them.
void SplitWriter::sync() {
  if (synced_ == own_) return;
  for (const auto& file : files_) io::sync_file(file.path);
  write_journal();
  synced_ = own_;
  last_sync_ = std::chrono::steady_clock::now();
}

void SplitWriter::check_finite(std::string_view name) const {
  const Array array = io::read_npy(array_path(folder_, name));
  const auto values = array.as<float>();
  const auto bad =
      std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
  if (bad == values.end()) return;
  const auto at = static_cast<std::size_t>(bad - values.begin());
  fail(split_, "/", name, ": expected finite numbers, found ", format_number(*bad), " at row ",
       at / array.cols(), ", column ", at % array.cols(), "; the split was not written");
}

void SplitWriter::set_paths(std::vector<std::string> paths) {
  if (paths.size() != rows_) {
    fail(split_, ": expected a name for each of the ", rows_, " rows, found ", paths.size());
  }
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (paths[i].find_first_of("\r\n") != std::string::npos) {
      fail(split_, ": the name of row ", i, " has a line end in it; rename the file");
    }
  }
  paths_ = std::move(paths);
}

// From here on the first journal says so for all.
void SplitWriter::agree_that_all_are_there() {
  sync();
  if (processes_.size() > 1) {
    std::array<double, 1> written = {static_cast<double>(own_)};
    processes_.sum(written);
    if (before_ + static_cast<std::size_t>(written[0]) == rows_) there_.add({0, rows_});
  }
  if (there_.count() != rows_) {
    fail(split_, ": expected ", rows_, " rows, found ", there_.count());
  }
  if (processes_.size() == 1) return;
  if (processes_.is_first()) write_journal();
  processes_.wait_for_all();
  if (!processes_.is_first()) fs::remove(journal_of(processes_.rank()));
  processes_.wait_for_all();
}

void SplitWriter::finish() {
  if (finished_) fail(split_, ": is finished already");
  agree_that_all_are_there();
  if (!processes_.is_first()) {
    finished_ = true;
    processes_.wait_for_all();
    return bank_.load();
  }
  nlohmann::json arrays;
  try {
    for (const auto& array : arrays_) {
      const bool matrix = array.dtype == DType::float32 && array.row_shape.size() == 1;
      if (matrix) check_finite(array.name);
    }
  } catch (const Error&) {
    finished_ = true;  // resuming would only find the same values again
    discard();
    throw;
  }
  for (std::size_t i = 0; i < arrays_.size(); ++i) {
    nlohmann::json& facts = arrays[arrays_[i].name] = describe_array(files_[i].path);
    facts["inputs"] = arrays_[i].inputs;
  }
  nlohmann::json entry = {{"rows", rows_}, {"arrays", arrays}, {"inputs", inputs_}};
  if (!paths_.empty()) {
    io::write_text(folder_ / paths_name, join(paths_, "\n") + "\n");
    entry["paths"] = describe_file(folder_ / paths_name);
  }
  bank_.install(split_, std::move(entry), rest_, left_out_);
  finished_ = true;
  processes_.wait_for_all();
}

}  // namespace nescio::bank
