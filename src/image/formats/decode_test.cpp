#include "image/formats/decode.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "io/file.h"
#include "io/npz.h"
#include "io/test_folder.h"

namespace nescio::image {
namespace {

const std::filesystem::path pictures = NESCIO_TEST_PICTURES;

std::string decoding_fault(std::string_view bytes) {
  return io::error_of([&] { decode_image(io::SharedBytes::copy_of(bytes), "x"); });
}

std::string decoding_fault(const io::SharedBytes& bytes) { return decoding_fault(bytes.text()); }

TEST(DecodeImage, GivesThePixelsOfPillow) {
  const auto expected_file = pictures / "expected.npz";
  const std::vector<std::string> names = io::npz_members(expected_file);
  ASSERT_EQ(names.size(), 86u);
  for (const std::string& name : names) {
    if (!kind_by_name(name).is_read) continue;  // built without the library
    const Array expected = io::read_npz(expected_file, name);
    const Image image = decode_image(io::map_file(pictures / name), name);
    ASSERT_EQ((Shape{image.height, image.width, image.channels}), expected.shape()) << name;
    // libjpeg-turbo gives the same bits on every machine; other libjpegs may round otherwise.
    const int tolerance = name.ends_with(".jpg") || name == "jpeg.tif" ? 1 : 0;
    int worst = 0;
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
      worst = std::max(worst, std::abs(image.pixels[i] - expected.as<std::uint8_t>()[i]));
    }
    EXPECT_LE(worst, tolerance) << name;
  }
}

TEST(DecodeImage, NamesOtherFormats) {
  EXPECT_EQ(decoding_fault(""),
            "x: expected a picture (" + readable_formats() + "), found an empty file");
  EXPECT_NE(decoding_fault("RIFF\1\2\3\4WEBPVP8 ").find("WebP"), std::string::npos);
  EXPECT_NE(decoding_fault("GIF89a...").find("GIF"), std::string::npos);
  EXPECT_NE(decoding_fault(std::string_view("II*\0\x08\0", 6)).find("TIFF"), std::string::npos);
  EXPECT_NE(decoding_fault("BM....").find("BMP"), std::string::npos);
  EXPECT_NE(decoding_fault("P3\n1 1 255").find("found a PNM in text file"), std::string::npos);
  EXPECT_NE(decoding_fault("qoif....").find("found a QOI file; convert it to PNG"),
            std::string::npos);
  EXPECT_NE(decoding_fault("%PDF-1.7").find("found a PDF file"), std::string::npos);
  EXPECT_NE(decoding_fault(std::string_view("\0\0\0\x18"
                                            "ftypheic",
                                            12))
                .find("HEIC"),
            std::string::npos);
  EXPECT_NE(decoding_fault("<!DOCTYPE html>").find("a web page"), std::string::npos);
  EXPECT_NE(decoding_fault("hello").find("a text file"), std::string::npos);
  EXPECT_NE(decoding_fault("\xff\1").find("begins like none of these"), std::string::npos);
}

TEST(FileKinds, FollowFromBytesAndNames) {
  EXPECT_EQ(kind_by_bytes("\xff\xd8\xff\xe0").format, "JPEG");
  EXPECT_TRUE(kind_by_bytes("\x89PNG\r\n\x1a\n....").is_read);
  EXPECT_EQ(kind_by_bytes("GIF89a").format, "GIF");
  EXPECT_EQ(kind_by_bytes("BM").format, "BMP");
  EXPECT_FALSE(kind_by_bytes("qoif").is_read);
  EXPECT_TRUE(kind_by_bytes("P6 ").is_read);
  EXPECT_EQ(kind_by_bytes(std::string_view("MM\0*", 4)).format, "TIFF");
  for (const char* no_picture : {"", "P", "<html>", "PK\3\4", "text", "Perl"}) {
    EXPECT_EQ(kind_by_bytes(no_picture).format, "") << no_picture;
  }
  for (const char* name : {"a.jpg", "x/a.JPEG", "a.jfif", "a.jpe", "a.b.PNG"}) {
    EXPECT_TRUE(kind_by_name(name).is_read) << name;
  }
  EXPECT_EQ(kind_by_name("a.Webp").format, "WebP");
  for (const char* name : {"a", "a.", "jpg", "a.jp", "a.jpg/b", "Thumbs.db", ". .jpg "}) {
    EXPECT_EQ(kind_by_name(name).format, "") << name;
  }
}

/// The file without its last bytes, for every length. A picture may only come out where all of its
/// pixels are there.
void truncate(const std::string& name) {
  const io::SharedBytes file = io::map_file(pictures / name);
  const Image whole = decode_image(file, name);
  for (std::size_t size = 0; size < file.size(); ++size) {
    const io::SharedBytes part = file.part(0, size);
    try {
      EXPECT_EQ(decode_image(part, name).pixels, whole.pixels) << name << " of " << size;
      EXPECT_GE(size + 30, file.size()) << name;
    } catch (const Error&) {
      continue;
    }
  }
}

TEST(DecodeImage, RefusesEveryTruncation) {
  for (const char* name : {"grey.jpg", "ycc_420.jpg", "progressive.jpg", "rgb.png",
                           "interlaced.png", "palette4.png", "rgb.ppm", "grey16.pgm", "rgb.bmp",
                           "palette.bmp", "rgb.tif", "lzw.tif", "jpeg.tif", "tiled.tif"}) {
    if (kind_by_name(name).is_read) truncate(name);
  }
  const io::SharedBytes jpeg = io::map_file(pictures / "ycc_420.jpg");
  EXPECT_NE(decoding_fault(jpeg.part(0, jpeg.size() - 20)).find("x: damaged or truncated JPEG: "),
            std::string::npos);
  const io::SharedBytes png = io::map_file(pictures / "rgb.png");
  EXPECT_EQ(decoding_fault(png.part(0, png.size() - 40)),
            "x: damaged or truncated PNG: the file ends early");
}

TEST(DecodeImage, SurvivesEveryTruncationAndEveryDamagedByte) {
  for (const char* name :
       {"palette.gif", "interlaced.gif", "animated.gif", "lossy.webp", "alpha.webp",
        "lossless.webp", "animated.webp", "rgba16.tif", "palette16.tif", "bilevel.tif",
        "deflate.tif", "packbits.tif", "planar.tif", "premultiplied.tif", "palette4.bmp",
        "bilevel.bmp", "rgb1000.ppm", "bilevel.pbm"}) {
    const std::string whole(io::map_file(pictures / name).text());
    for (std::size_t i = 0; i < whole.size(); ++i) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ 0xff);
      decoding_fault(damaged);
      decoding_fault(whole.substr(0, i));
    }
  }
}

TEST(DecodeImage, RefusesAbsurdSizesOfFormatsThatPackWithoutLimit) {
  if (!kind_by_name("x.gif").is_read) GTEST_SKIP() << "built without giflib";
  std::string gif(io::map_file(pictures / "palette.gif").text());
  gif.replace(6, 4, "\xff\xff\xff\xff");
  EXPECT_NE(decoding_fault(gif).find("found 65535 x 65535"), std::string::npos)
      << decoding_fault(gif);
  gif.replace(6, 4, std::string_view("\0\x40\0\x40", 4));
  EXPECT_NE(decoding_fault(gif).find("cannot hold a GIF of 16384 x 16384"), std::string::npos);
}

void append(std::string& bytes, std::uint64_t value, int count) {
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> 8 * i & 0xff);
}

/// Of one strip of 64 bytes.
std::string tiff(std::uint32_t height, std::uint32_t width, std::uint16_t bits,
                 std::uint16_t sample_format) {
  std::string file("II*\0\x48\0\0\0", 8);
  file.resize(72);
  const std::pair<int, std::uint32_t> tags[] = {
      {256, width}, {257, height}, {258, bits},   {259, 1},  {262, 1},
      {273, 8},     {277, 1},      {278, height}, {279, 64}, {339, sample_format}};
  append(file, std::size(tags), 2);
  for (const auto& [tag, value] : tags) {
    append(file, static_cast<std::uint64_t>(tag), 2);
    append(file, 4, 2);
    append(file, 1, 4);
    append(file, value, 4);
  }
  append(file, 0, 4);
  return file;
}

TEST(DecodeImage, RefusesTiffsOfOtherNumbers) {
  if (!kind_by_name("x.tif").is_read) GTEST_SKIP() << "built without libtiff";
  EXPECT_EQ(decoding_fault(tiff(8, 8, 8, 1)), "");
  EXPECT_NE(decoding_fault(tiff(4, 4, 32, 3)).find("found floating-point ones of 32 bits"),
            std::string::npos);
  EXPECT_NE(decoding_fault(tiff(4, 4, 16, 2)).find("found signed ones of 16 bits"),
            std::string::npos);
  EXPECT_NE(decoding_fault(tiff(4, 4, 32, 1)).find("found unsigned ones of 32 bits"),
            std::string::npos);
  EXPECT_NE(decoding_fault(tiff(4, 4, 12, 1)).find("libtiff does not read"), std::string::npos);
}

TEST(DecodeImage, RefusesAbsurdSizesOfTiff) {
  if (!kind_by_name("x.tif").is_read) GTEST_SKIP() << "built without libtiff";
  EXPECT_NE(decoding_fault(tiff(100000, 100000, 8, 1)).find("found 100000 x 100000"),
            std::string::npos);
  EXPECT_NE(decoding_fault(tiff(16384, 16384, 8, 1)).find("cannot hold a TIFF of 16384 x 16384"),
            std::string::npos);
  EXPECT_NE(decoding_fault(tiff(0, 8, 8, 1)).find("TIFF"), std::string::npos);
}

TEST(DecodeImage, RefusesWhatABmpOrPnmDoesNotHold) {
  EXPECT_NE(decoding_fault("P5 20000 20000 255\n....").find("found 20000 x 20000"),
            std::string::npos);
  EXPECT_NE(decoding_fault("P5 200 200 255\n....").find("its pixels end early"), std::string::npos);
  EXPECT_NE(decoding_fault("P5 2 2 0\n....").find("a largest value outside"), std::string::npos);
  EXPECT_NE(decoding_fault("P5 2 2 65536\n....").find("a largest value outside"),
            std::string::npos);
  EXPECT_NE(decoding_fault("P5 99999999999 2 255\n").find("its header"), std::string::npos);
  EXPECT_NE(decoding_fault("P5 2").find("its header"), std::string::npos);
  if (!kind_by_name("x.bmp").is_read) GTEST_SKIP() << "built without stb_image";
  std::string bmp(io::map_file(pictures / "rgb.bmp").text());
  bmp.replace(18, 8, std::string_view("\0\0\x80\0\0\0\x80\0", 8));
  EXPECT_NE(decoding_fault(bmp).find("found 8388608 x 8388608"), std::string::npos);
}

TEST(DecodeImage, RefusesDamage) {
  std::string png(io::map_file(pictures / "rgb.png").text());
  png[60] = static_cast<char>(png[60] ^ 0xff);
  EXPECT_NE(decoding_fault(png).find("damaged or truncated PNG: "), std::string::npos);
}

TEST(DecodeImage, PassesWhatCostsNoPixels) {
  std::string jpeg(io::map_file(pictures / "grey.jpg").text());
  const Image whole = decode_image(io::map_file(pictures / "grey.jpg"), "x");
  EXPECT_EQ(decode_image(io::SharedBytes::copy_of(jpeg + "more"), "x").pixels, whole.pixels);
  jpeg.insert(jpeg.find("\xff\xc0"), "extraneous");
  EXPECT_EQ(decode_image(io::SharedBytes::copy_of(jpeg), "x").pixels, whole.pixels);
}

void put(std::string& bytes, std::size_t at, std::initializer_list<int> values) {
  for (const int value : values) bytes[at++] = static_cast<char>(value);
}

TEST(DecodeImage, RefusesAbsurdSizesFromTheHeader) {
  // 100,000 x 100,000 and, within the limit, 16,384 x 16,384; checksums of the header as they are.
  std::string png(io::map_file(pictures / "rgb.png").text());
  put(png, 16, {0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0});
  put(png, 29, {0x27, 0x30, 0x9c, 0x9f});
  EXPECT_NE(decoding_fault(png).find("found 100000 x 100000"), std::string::npos)
      << decoding_fault(png);
  put(png, 16, {0, 0x0f, 0x42, 0x41, 0, 0, 0, 1});  // 1,000,001 pixels in one row
  put(png, 29, {0xf2, 0x7d, 0x6b, 0x21});
  EXPECT_NE(decoding_fault(png).find("found 1 x 1000001"), std::string::npos)
      << decoding_fault(png);
  put(png, 16, {0, 0, 0x40, 0, 0, 0, 0x40, 0});
  put(png, 29, {0x26, 0xaa, 0x87, 0xd3});
  EXPECT_NE(decoding_fault(png).find("cannot hold a PNG of 16384 x 16384"), std::string::npos)
      << decoding_fault(png);

  std::string jpeg(io::map_file(pictures / "grey.jpg").text());
  const std::size_t frame = jpeg.find("\xff\xc0");
  put(jpeg, frame + 5, {0xea, 0x60, 0xea, 0x60});
  EXPECT_NE(decoding_fault(jpeg).find("found 60000 x 60000"), std::string::npos)
      << decoding_fault(jpeg);
  put(jpeg, frame + 5, {0x40, 0, 0x40, 0});
  EXPECT_NE(decoding_fault(jpeg).find("cannot hold a JPEG of 16384 x 16384"), std::string::npos)
      << decoding_fault(jpeg);
}

TEST(DecodeImage, RefusesEndlessScans) {
  // Three components, one scan each, and the scan of the first again and again.
  const std::string colour(io::map_file(pictures / "ycc_444.jpg").text());
  const std::string grey(io::map_file(pictures / "grey.jpg").text());
  const std::size_t begin = grey.rfind("\xff\xda");
  const std::string scan = grey.substr(begin, grey.size() - 2 - begin);
  std::string bomb = colour.substr(0, colour.rfind("\xff\xda"));
  for (int i = 0; i < 600; ++i) bomb += scan;
  EXPECT_EQ(decoding_fault(bomb + "\xff\xd9"), "x: damaged or truncated JPEG: more than 500 scans");
}

TEST(DecodeImage, RefusesOtherPrecisions) {
  std::string jpeg(io::map_file(pictures / "ycc_444.jpg").text());
  put(jpeg, jpeg.find("\xff\xc0") + 4, {12});
  EXPECT_NE(decoding_fault(jpeg).find("precision 12"), std::string::npos) << decoding_fault(jpeg);
}

TEST(ExifOrientation, IsReadAndNotApplied) {
  const io::SharedBytes turned = io::map_file(pictures / "turned.jpg");
  EXPECT_EQ(exif_orientation(turned), 6);
  EXPECT_EQ(decode_image(turned, "x").pixels,
            decode_image(io::map_file(pictures / "grey.jpg"), "x").pixels);
  EXPECT_EQ(exif_orientation(io::map_file(pictures / "grey.jpg")), 1);
  EXPECT_EQ(exif_orientation(io::map_file(pictures / "rgb.png")), 1);
  for (std::size_t size = 0; size < turned.size(); ++size) {
    const int orientation = exif_orientation(turned.part(0, size));
    EXPECT_TRUE(orientation == 1 || orientation == 6) << size;
  }
}

}  // namespace
}  // namespace nescio::image
