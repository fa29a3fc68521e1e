// The feature bank: what a network said about data sets, on disk, readable without the network.
//
//   BANK/bank.json                       manifest: of each array its shape, dtype, SHA-256, what made it
//   BANK/head/{weight,bias}.npy          the last layer: W [C, D], b [C]
//   BANK/.probes/NAME/*.npy              what a probe has learned from pictures
//   BANK/<set>/<split>/{logits,features,labels,index,...}.npy
//                      odin(epsilon=0.002,T=1000).npy    of a probe, with its settings
//                      paths.txt         what people call the rows, where they have names
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "bank/row_ranges.h"
#include "base/array.h"
#include "base/communicator.h"
#include "base/head.h"
#include "io/file.h"

namespace nescio::bank {

/// What a probe has learned from pictures.
struct Learned {
  std::map<std::string, Array> arrays;
  nlohmann::json origin;  // an object: the pictures, the network
};

/// What becomes of the arrays of a split that a new one of the same name does not have.
enum class Rest { dropped, kept };

/// A folder of arrays with a manifest. An array is checked when it is read: that it is there with
/// the type and shape that the manifest says, and its SHA-256 where its size or time stamp is
/// another one than when it was written (verify() checks all). A damaged one is refused with what
/// to do; the others are as good as before. Changes go to the disk at once and all or nothing;
/// other processes may write other splits of the same bank meanwhile. A folder that is not the
/// bank's, or has files in it that are not, is never replaced.
class FeatureBank {
 public:
  /// Throws Error if there is no bank at the path, or its manifest is damaged, and says what to do.
  static FeatureBank open(const std::filesystem::path& path);
  /// Opens it, or makes an empty one.
  static FeatureBank open_or_create(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  /// "cifar10/test", ... sorted.
  std::vector<std::string> splits() const;
  bool has(std::string_view split) const;
  bool has(std::string_view split, std::string_view array) const;
  /// Rows of every array of the split; Error names the splits that are there.
  std::size_t rows(std::string_view split) const;
  /// The names of the split's arrays, sorted.
  std::vector<std::string> arrays(std::string_view split) const;
  /// A mapped array; Error names what the bank has instead, or how to replace a damaged one.
  Array array(std::string_view split, std::string_view name) const;
  /// What people call the rows, one name each (a file relative to the data set's root); empty where
  /// they have none.
  std::vector<std::string> paths(std::string_view split) const;
  /// What the classes of the split's labels are called, by label; empty where it does not say.
  std::vector<std::string> class_names(std::string_view split) const;
  /// What made the array beside the rows of its split, as given to SplitWriter; {} where not known.
  nlohmann::json inputs(std::string_view split, std::string_view array) const;
  /// Whether the array, or every array of the split and the names of its rows, can be read.
  bool whole(std::string_view split, std::string_view array) const;
  bool whole(std::string_view split) const;
  std::optional<Head> head() const;
  /// Classes and feature width of the bank (0 = not known), from the head or any split.
  std::size_t classes() const;
  std::size_t feature_width() const;

  /// Replaces the head. Error if a value is not finite, or if the shapes do not agree with each
  /// other or with the splits that are there.
  void set_head(const Head& head, const nlohmann::json& origin);
  /// Of a probe by the name of its array, with all its settings; none if it has not learned here.
  /// Error for a damaged array.
  std::optional<Learned> learned(std::string_view probe) const;
  /// Replaces it.
  void set_learned(const std::string& probe, const Learned& learned);
  /// The manifest of one split: "rows", "arrays" (of each: "dtype", "shape", "sha256", "bytes",
  /// "modified_ns", "inputs"), "inputs" of the rows, and "paths" where the rows have names.
  const nlohmann::json& manifest(std::string_view split) const;
  /// The same of the head, with "origin" instead of "rows" and "inputs"; {} if there is none.
  const nlohmann::json& head_manifest() const;
  /// The same of the probes that have learned here, by name; {} if none has.
  const nlohmann::json& probes_manifest() const;
  /// Network, preprocessing: bank-wide facts; written by extraction, {} where unknown.
  const nlohmann::json& model() const;
  void set_model(const nlohmann::json& model);
  /// Recomputes the SHA-256 of every array; Error lists the arrays that differ from the manifest.
  void verify() const;

 private:
  friend class SplitWriter;
  explicit FeatureBank(std::filesystem::path path) : path_(std::move(path)) {}

  // A key is "head", ".probes/NAME" or the name of a split.
  std::filesystem::path place_of(std::string_view key) const;
  std::filesystem::path partial_of(std::string_view key) const;
  const nlohmann::json* entry_of(std::string_view key) const;
  void set_entry(const std::string& key, nlohmann::json entry);
  std::vector<std::string> keys() const;
  Array read(std::string_view key, std::string_view name) const;
  std::size_t side_of(std::string_view array, std::size_t head_side,
                      std::string_view without) const;
  void check_widths(const std::string& key, std::size_t classes, std::size_t features) const;
  void load();
  void recover();
  void install(const std::string& split, nlohmann::json entry, Rest rest,
               const std::vector<std::string>& left_out);
  void check_place(const std::string& key) const;
  std::vector<std::string> others(const std::string& split,
                                  const std::vector<std::string>& arrays) const;
  void check_others(const std::string& split, const std::vector<std::string>& arrays,
                    std::size_t rows) const;
  void keep_others(const std::string& split, nlohmann::json& entry,
                   const std::vector<std::string>& left_out) const;
  void put_in_place(const std::string& key, const nlohmann::json& entry);
  void write_arrays(const std::string& key, const std::map<std::string, Array>& arrays,
                    const nlohmann::json& origin);
  void remove_partial(const std::string& key) const;
  void save_manifest() const;

  std::filesystem::path path_;
  nlohmann::json manifest_;
};

/// An array that a split will have: rows x row_shape. logits and features are float32 rows, labels
/// and index one int64 per row; others are free. `inputs` is what makes it, beside the rows: hashes of
/// weights, preprocessing, the file that it is imported from ...
struct ArrayPlan {
  std::string name;
  DType dtype = DType::float32;
  Shape row_shape;
  nlohmann::json inputs = nlohmann::json::object();
};

/// Writes one split: preallocated arrays and a journal in BANK/.partial, renamed into place when
/// complete. A writer with the same rows, arrays and inputs as an interrupted one goes on where
/// that one stopped; otherwise what is left of it is thrown away. Replaces a split of the same name
/// only in finish(), in one step; with Rest::kept its other arrays, as the same files, the names of its
/// rows and its inputs stay.
///
/// Several processes write one split together: each its own rows, with a journal of its own, and the
/// first makes the files and finishes. All construct, finish() and destroy their writers together, with
/// the same arguments; however many go on with what others left.
class SplitWriter {
 public:
  /// `inputs` says what the rows are (data set, its hash ...); those of an array are in its plan.
  /// Error for names other than letters, digits, '_', '.', '-' (a split: SET/SPLIT), no rows,
  /// widths that do not agree with the bank, other rows than those of the arrays that are kept,
  /// somebody's files in its place, too little space on the disk, or another process writing it.
  SplitWriter(FeatureBank& bank, std::string split, std::size_t rows, std::vector<ArrayPlan> arrays,
              nlohmann::json inputs, Rest rest = Rest::dropped, Communicator& processes = alone());
  /// Brings what was committed to the disk, so that the next writer goes on from there.
  ~SplitWriter();
  SplitWriter(const SplitWriter&) = delete;
  SplitWriter& operator=(const SplitWriter&) = delete;

  /// The row to be written next: who writes alone and in order has written those before it.
  std::size_t done() const { return next_; }
  /// Rows that were there at first, or that this process has written.
  std::size_t rows_there() const { return there_.count(); }
  /// What is this process's of the rows that nobody has written, each begun by go_to(); cut at
  /// multiples of `unit` only.
  std::vector<Share> own_rows(std::size_t unit) const;
  void go_to(std::size_t row) { next_ = row; }
  /// Rows done() .. done() + n - 1 of the array called `name`; dtype and row shape must be as
  /// planned.
  void write(std::string_view name, const Array& rows);
  /// All arrays have been given the next `rows` rows: done() grows by them. They reach the disk, then the journal says
  /// so. To spare the disk that happens at most once a second, and in the destructor.
  void commit(std::size_t rows);
  /// Names for all rows, for FeatureBank::paths(). Error unless there is one for each row, without
  /// line ends.
  void set_paths(std::vector<std::string> paths);
  /// Arrays that finish() takes away, with Rest::kept, from those that are there.
  void leave_out(std::vector<std::string> arrays) { left_out_ = std::move(arrays); }
  /// Every row is there: checks that float32 matrices are finite (Error with row and column; all
  /// of it is thrown away then), hashes, renames, extends the manifest.
  void finish();

 private:
  struct File {
    io::FileDescriptor descriptor;
    std::filesystem::path path;
    std::size_t header = 0;   // bytes before the first row
    std::size_t row = 0;      // bytes of one row
    std::size_t written = 0;  // rows since the last commit
  };

  nlohmann::json plan() const;
  std::filesystem::path journal_of(int rank) const;
  void write_journal() const;
  RowRanges read_journal(const std::filesystem::path& path);
  bool resume();
  void gather_journals();
  void begin();
  void agree_that_all_are_there();
  void discard();
  void sync();
  void check_finite(std::string_view name) const;

  FeatureBank& bank_;
  std::string split_;
  std::size_t rows_;
  std::vector<ArrayPlan> arrays_;
  nlohmann::json inputs_;
  Rest rest_;
  Communicator& processes_;
  std::vector<std::string> paths_;
  std::vector<std::string> left_out_;
  std::filesystem::path folder_;
  io::FolderLock lock_;      // of the first process, for all
  std::string files_id_;     // of the files that a journal speaks of
  std::vector<File> files_;  // one per array
  RowRanges there_;
  std::size_t next_ = 0;
  std::size_t before_ = 0;  // rows that were there at first
  std::size_t own_ = 0;     // that this process has written since
  std::size_t synced_ = 0;  // of them
  std::chrono::steady_clock::time_point last_sync_;
  bool finished_ = false;
};

}  // namespace nescio::bank
