#include "image/idx.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <memory>

#include "io/test_folder.h"

namespace nescio::image {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes header(std::initializer_list<std::uint32_t> sides) {
  Bytes bytes = {0, 0, 8, static_cast<std::uint8_t>(sides.size())};
  for (const std::uint32_t side : sides) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<std::uint8_t>(side >> shift & 0xff));
    }
  }
  return bytes;
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Bytes gzip(const Bytes& bytes) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  const std::unique_ptr<z_stream, int (*)(z_stream*)> closer(&stream, deflateEnd);
  Bytes packed(deflateBound(&stream, bytes.size()));
  stream.next_in = const_cast<std::uint8_t*>(bytes.data());
  stream.avail_in = static_cast<unsigned>(bytes.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<unsigned>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  return packed;
}

Array parse(const Bytes& bytes) { return parse_idx(io::SharedBytes(bytes), "x.idx"); }
std::string idx_fault(const Bytes& bytes) {
  return io::error_of([&] { parse(bytes); });
}

TEST(Idx, ReadsPlainAndPacked) {
  const Bytes file = header({2, 1, 3}) + Bytes{1, 2, 3, 4, 5, 6};
  for (const Bytes& bytes : {file, gzip(file)}) {
    const Array array = parse(bytes);
    EXPECT_EQ(array.shape(), (Shape{2, 1, 3}));
    EXPECT_EQ(array.as<std::uint8_t>()[5], 6);
  }
}

TEST(Idx, ReadsManyPackedBytes) {
  const Bytes values(300000, 7);
  const Array array = parse(gzip(header({300000}) + values));
  EXPECT_EQ(array.size(), values.size());
  EXPECT_EQ(array.as<std::uint8_t>().back(), 7);
}

TEST(Idx, RefusesWhatIsNoIdx) {
  EXPECT_NE(idx_fault({}).find("is no IDX file"), std::string::npos);
  EXPECT_NE(idx_fault({1, 2, 3, 4, 5}).find("is no IDX file"), std::string::npos);
  EXPECT_NE(idx_fault({0, 0, 13, 1, 0, 0, 0, 0}).find("found type 13"), std::string::npos);
  EXPECT_NE(idx_fault({0, 0, 8, 0}).find("found 0"), std::string::npos);
  EXPECT_NE(idx_fault({0, 0, 8, 9}).find("found 9"), std::string::npos);
  EXPECT_NE(idx_fault({0, 0, 8, 2, 0, 0}).find("truncated within the header"), std::string::npos);
  EXPECT_NE(idx_fault(gzip({0, 0, 8, 2, 0, 0})).find("truncated within the header"),
            std::string::npos);
}

TEST(Idx, RefusesWrongSizes) {
  const Bytes head = header({2, 1, 3});
  for (const Bytes& values : {Bytes{1, 2, 3}, Bytes(7, 1)}) {
    EXPECT_NE(idx_fault(head + values).find("promises [2, 1, 3]"), std::string::npos);
    EXPECT_NE(idx_fault(gzip(head + values)).find("promises [2, 1, 3]"), std::string::npos);
  }
}

TEST(Idx, BelievesNoHeaderBeforeTheBytesAreThere) {
  const Bytes huge = header({1000000000, 28, 28}) + Bytes(100, 0);
  EXPECT_NE(idx_fault(huge).find("found 100"), std::string::npos);
  EXPECT_NE(idx_fault(gzip(huge)).find("found 100"), std::string::npos);
  const Bytes overflow = header({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff});
  EXPECT_NE(idx_fault(overflow), "");
  EXPECT_NE(idx_fault(gzip(overflow)), "");
}

TEST(Idx, StopsUnpackingWhereTheHeaderEnds) {
  EXPECT_NE(idx_fault(gzip(header({3}) + Bytes(std::size_t{8} << 20, 0))).find("found more"),
            std::string::npos);
}

TEST(Idx, RefusesEveryTruncationOfGzip) {
  Bytes packed = gzip(header({5}) + Bytes{1, 2, 3, 4, 5});
  while (packed.size() > 2) {
    packed.pop_back();
    EXPECT_NE(idx_fault(packed), "") << packed.size();
  }
}

TEST(Idx, ReadsGzipOfSeveralMembers) {
  const Bytes file = header({5}) + Bytes{1, 2, 3, 4, 5};
  for (std::size_t cut = 0; cut <= file.size(); ++cut) {
    const auto middle = file.begin() + static_cast<std::ptrdiff_t>(cut);
    const Bytes packed =
        gzip(Bytes(file.begin(), middle)) + gzip({}) + gzip(Bytes(middle, file.end()));
    EXPECT_EQ(parse(packed).as<std::uint8_t>().back(), 5) << cut;
    EXPECT_EQ(parse(packed + Bytes(20, 0)).size(), 5U);  // padded, as tapes are
    EXPECT_NE(idx_fault(Bytes(packed.begin(), packed.end() - 3)), "") << cut;
  }
  EXPECT_NE(idx_fault(gzip(file) + gzip({6})).find("found more"), std::string::npos);
}

TEST(Idx, RefusesDamagedGzip) {
  Bytes packed = gzip(header({5}) + Bytes{1, 2, 3, 4, 5});
  packed[packed.size() - 6] ^= 0xff;  // in the checksum
  EXPECT_NE(idx_fault(packed).find("damaged or truncated gzip"), std::string::npos);
}

}  // namespace
}  // namespace nescio::image
