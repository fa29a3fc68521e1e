#include "io/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <random>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "io/temporary_name.h"

namespace nescio::io {
namespace fs = std::filesystem;
namespace {

std::string reason(int error) { return std::generic_category().message(error); }

struct stat status_of(const FileDescriptor& file, const fs::path& path) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail(path.string(), ": ", reason(errno));
  return status;
}

void sync_descriptor(const FileDescriptor& file, const fs::path& path) {
  // Pipes and some network folders cannot be synced; that is not the caller's fault.
  if (::fsync(file.get()) != 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP) {
    fail(path.string(), ": could not be brought to the disk: ", reason(errno));
  }
}

/// A file to read from. Folders, devices and pipes are refused at once: opening a pipe would wait for
/// its other end, and a device need not end.
FileDescriptor open_file(const fs::path& path) {
  FileDescriptor file(path, O_RDONLY | O_NONBLOCK);
  const struct stat status = status_of(file, path);
  if (S_ISDIR(status.st_mode)) fail(path.string(), ": expected a file, found a folder");
  if (!S_ISREG(status.st_mode)) fail(path.string(), ": expected a file, found a device or pipe");
  return file;
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

}  // namespace

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

FileDescriptor::FileDescriptor(const fs::path& path, int flags)
    : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
  if (fd_ >= 0) return;
  const int error = errno;
  const bool writes = (flags & O_ACCMODE) != O_RDONLY;
  fail(path.string(), ": cannot be ", writes ? "written" : "read", ": ", reason(error));
}

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileStamp stamp_of(const fs::path& path) {
  const FileDescriptor file = open_file(path);
  const struct stat status = status_of(file, path);
  return {static_cast<std::uint64_t>(status.st_size),
          std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

SharedBytes map_file(const fs::path& path) {
  const FileDescriptor file = open_file(path);
  const struct stat status = status_of(file, path);
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return {};  // mmap refuses empty files
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
  if (data == MAP_FAILED) fail(path.string(), ": cannot be mapped: ", reason(errno));
  const std::shared_ptr<const void> owner(
      data, [size](const void* p) { ::munmap(const_cast<void*>(p), size); });
  return {owner, {static_cast<const std::uint8_t*>(data), size}};
}

SharedBytes read_bytes(const fs::path& path) {
  const FileDescriptor file = open_file(path);
  const auto size = static_cast<std::size_t>(status_of(file, path).st_size);
  const auto memory = std::make_shared_for_overwrite<std::uint8_t[]>(size);
  for (std::size_t done = 0; done < size;) {
    const ssize_t got = ::read(file.get(), memory.get() + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path.string(), ": cannot be read: ", reason(errno));
    if (got == 0)
      fail(path.string(), ": expected ", size, " bytes, found ", done, ": it was shortened");
    done += static_cast<std::size_t>(got);
  }
  return {memory, {memory.get(), size}};
}

std::string read_text(const fs::path& path, std::size_t max_bytes) {
  const FileDescriptor file = open_file(path);
  std::string text;
  for (;;) {
    char buffer[1 << 14];
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path.string(), ": cannot be read: ", reason(errno));
    if (got == 0) return text;
    if (static_cast<std::size_t>(got) > max_bytes - text.size()) {
      fail(path.string(), ": expected at most ", max_bytes, " bytes of text, found more");
    }
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

void write_all(const FileDescriptor& file, const fs::path& path,
               std::span<const std::uint8_t> bytes, std::int64_t offset) {
  const std::size_t total = bytes.size();
  while (!bytes.empty()) {
    const ssize_t put = offset < 0 ? ::write(file.get(), bytes.data(), bytes.size())
                                   : ::pwrite(file.get(), bytes.data(), bytes.size(), offset);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      fail(path.string(), ": ", bytes.size(), " of ", total,
           " bytes could not be written: ", put < 0 ? reason(errno) : "nothing was taken",
           errno == ENOSPC ? "; free some space and run it again" : "");
    }
    bytes = bytes.subspan(static_cast<std::size_t>(put));
    if (offset >= 0) offset += put;
  }
}

void sync_file(const fs::path& path) { sync_descriptor(FileDescriptor(path, O_RDONLY), path); }

void sync_folder(const fs::path& path) {
  sync_descriptor(FileDescriptor(path, O_RDONLY | O_DIRECTORY), path);
}

void make_folders(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail(path.string(), ": the folder cannot be made: ", error.message());
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  std::error_code ignored;
  const auto target = fs::status(path_, ignored);
  if (fs::is_directory(target)) fail(path_.string(), ": expected a file, found a folder");
  if (fs::exists(target) && !fs::is_regular_file(target)) {
    file_ = FileDescriptor(path_, O_WRONLY);
    return;
  }
  // Renaming onto a link would replace the link, not the file it names.
  if (fs::is_symlink(path_, ignored)) {
    const fs::path named = fs::weakly_canonical(path_, ignored);
    if (!ignored) path_ = named;
  }
  make_folders(folder_of(path_));
  create_temporary();
}

// By chance and not by process: on a network folder other machines count processes, too.
void AtomicFile::create_temporary() {
  std::random_device random;
  for (int tries = 0;; ++tries) {
    const fs::path name =
        temporary_name(path_.native(), (std::uint64_t{random()} << 32) | random());
    const bool taken = is_there(name) && tries < 100;
    if (taken) continue;
    file_ = FileDescriptor(name, O_WRONLY | O_CREAT | O_EXCL);
    temporary_ = name;
    return;
  }
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::uint8_t> bytes) { write_all(file_, path_, bytes); }

void AtomicFile::write(std::string_view text) { write(text.data(), text.size()); }

void AtomicFile::write(const void* data, std::size_t bytes) {
  write(std::span(static_cast<const std::uint8_t*>(data), bytes));
}

void AtomicFile::commit() {
  if (temporary_.empty()) return;
  sync_descriptor(file_, path_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    fail(path_.string(), ": cannot be put in place: ", reason(errno));
  }
  temporary_.clear();
  sync_folder(folder_of(path_));
}

void write_text(const fs::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

namespace {

bool is_at(const FileDescriptor& file, const fs::path& path) {
  struct stat there {};
  if (::stat(path.c_str(), &there) != 0) return false;
  const struct stat status = status_of(file, path);
  return status.st_dev == there.st_dev && status.st_ino == there.st_ino;
}

}  // namespace

FolderLock::FolderLock(const fs::path& folder, bool wait) {
  do {
    folder_ = FileDescriptor(folder, O_RDONLY | O_DIRECTORY);
    while (::flock(folder_.get(), wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno == EWOULDBLOCK) {
        fail(folder.string(), ": another process is writing here; wait for it to end");
      }
      return;  // a file system without locks: go on unprotected
    }
  } while (!is_at(folder_, folder));
}

FolderLock make_and_lock(const fs::path& folder) {
  for (int tries = 0;; ++tries) {
    make_folders(folder);
    try {
      return {folder, true};
    } catch (const Error&) {
      if (tries == 100) throw;  // it is not that others take it away
    }
  }
}

namespace {
fs::path set_aside(fs::path from) { return from += ".old"; }

void rename_folder(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    fail(from.string(), ": cannot be renamed to ", to.string(), ": ", reason(errno));
  }
}
}  // namespace

void replace_folder(const fs::path& from, const fs::path& to) {
  make_folders(folder_of(to));
  if (!is_there(to)) {
    rename_folder(from, to);
  } else if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) != 0) {
    const int error = errno;
    if (error != EINVAL && error != ENOSYS && error != EXDEV) {
      fail(from.string(), ": cannot be put in the place of ", to.string(), ": ", reason(error));
    }
    replace_folder_by_renaming(from, to);
  }
  sync_folder(folder_of(to));
}

void replace_folder_by_renaming(const fs::path& from, const fs::path& to) {
  const fs::path aside = set_aside(from);
  std::error_code ignored;  // what stands in the way is named by the next line
  fs::remove_all(aside, ignored);
  rename_folder(to, aside);
  rename_folder(from, to);
  rename_folder(aside, from);
}

void restore_folder(const fs::path& from, const fs::path& to) {
  if (!is_there(to) && is_there(set_aside(from))) rename_folder(set_aside(from), to);
}

}  // namespace nescio::io
