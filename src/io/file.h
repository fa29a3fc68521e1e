// Files: mapping, reading, and writing so that nothing is ever half-written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "io/bytes.h"

namespace nescio::io {

/// An open file descriptor; closes itself.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  /// open(2) with `flags`, mode 0666, close-on-exec. Error names the path and the reason.
  FileDescriptor(const std::filesystem::path& path, int flags);
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// The whole file, mapped for reading; an empty file gives no bytes. The file must not be
/// shortened while the bytes are in use (replacing it by a new one is harmless).
/// Error if it does not exist, is a folder or cannot be read.
SharedBytes map_file(const std::filesystem::path& path);

/// The whole file in memory of its own, which nobody who writes into the file can change. Error as map_file(), and
/// where the file becomes shorter while it is read.
SharedBytes read_bytes(const std::filesystem::path& path);

/// The whole file as text. Error if it has more than `max_bytes`.
std::string read_text(const std::filesystem::path& path,
                      std::size_t max_bytes = std::size_t{1} << 26);

/// Size and time of the last change, to tell whether a file is still the same one.
struct FileStamp {
  std::uint64_t bytes = 0;
  std::int64_t modified_ns = 0;  // since 1970
  bool operator==(const FileStamp&) const = default;
};
/// Error if the file does not exist.
FileStamp stamp_of(const std::filesystem::path& path);

/// Makes the folder and those above it.
void make_folders(const std::filesystem::path& path);

/// Writes all of `bytes` at `offset` of the file (appends where offset < 0: at the current
/// position). Error names `path` and how much could not be written.
void write_all(const FileDescriptor& file, const std::filesystem::path& path,
               std::span<const std::uint8_t> bytes, std::int64_t offset = -1);

/// Waits until the file, or the names in a folder, are on the disk. Error if the disk says no.
void sync_file(const std::filesystem::path& path);
void sync_folder(const std::filesystem::path& path);

/// Whether there is anything of this name; false where that cannot be known.
bool is_there(const std::filesystem::path& path);

/// A file that appears under its name only when it is complete: written beside it under a
/// temporary name, synced and renamed by commit(). Without commit() nothing remains.
class AtomicFile {
 public:
  /// Makes missing folders. Error if the folder cannot be written to.
  /// A target that is there but is no regular file (/dev/stdout, a pipe) is written to directly.
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::uint8_t> bytes);
  void write(std::string_view text);
  void write(const void* data, std::size_t bytes);
  /// Syncs and renames; nothing may be written afterwards.
  void commit();

 private:
  void create_temporary();

  std::filesystem::path path_;
  std::filesystem::path temporary_;  // empty: written directly
  FileDescriptor file_;
};

/// Writes the whole text atomically.
void write_text(const std::filesystem::path& path, std::string_view text);

/// Holds a folder against other processes that lock it too; let go by the destructor or the end of
/// the process. `wait` = false: Error at once if somebody else has it. Where another folder has taken its place by the
/// time that it is let go, it is that one which is locked.
class FolderLock {
 public:
  FolderLock() = default;
  FolderLock(const std::filesystem::path& folder, bool wait);

 private:
  FileDescriptor folder_;
};

/// Makes the folder if it is not there and holds it, once whoever has it lets it go, or takes it away.
FolderLock make_and_lock(const std::filesystem::path& folder);

/// Puts `from` in the place of the folder `to`, which then has what was there before at `from`
/// (nothing if there was none): in one step where the file system can swap names, otherwise by
/// renaming.
void replace_folder(const std::filesystem::path& from, const std::filesystem::path& to);
/// The second way, through `from` + ".old", for a `to` that is there. A crash may leave `to` missing:
/// restore_folder() undoes that; or the old folder set aside: the next call removes it.
void replace_folder_by_renaming(const std::filesystem::path& from, const std::filesystem::path& to);
/// If `to` is missing and the old one was set aside by an interrupted replace_folder(from, to), it
/// comes back.
void restore_folder(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace nescio::io
