#include "io/npy.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/within.h"
#include "io/file.h"
#include "io/numpy_array.h"

namespace nescio::io {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
// NumPy itself refuses longer headers; a plain array needs about a hundred bytes.
constexpr std::size_t max_npy_header = 10'000;
constexpr std::size_t max_sides = 32;

struct Header {
  std::string descr;
  bool fortran_order = false;
  Shape shape;
};

// The header is a Python dictionary of three known keys; this reads just that.
class HeaderParser {
 public:
  HeaderParser(std::string_view source, std::string_view where) : rest_(source), where_(where) {}

  Header parse() {
    Header header;
    bool descr = false;
    bool order = false;
    bool shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      expect(':');
      if (key == "descr" && !descr) {
        descr = true;
        header.descr = string();
      } else if (key == "fortran_order" && !order) {
        order = true;
        header.fortran_order = boolean();
      } else if (key == "shape" && !shape) {
        shape = true;
        header.shape = tuple();
      } else {
        broken(text("the key '", key, "' is unknown or occurs twice"));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_blanks();
    if (!rest_.empty()) broken("something follows the dictionary");
    if (!descr || !order || !shape) broken("descr, fortran_order or shape is missing");
    return header;
  }

 private:
  [[noreturn]] void broken(std::string_view why) const {
    fail(where_, ": damaged .npy header: ", why);
  }
  void skip_blanks() { rest_.remove_prefix(rest_.size() - trim_left(rest_).size()); }
  static std::string_view trim_left(std::string_view s) {
    const auto first = s.find_first_not_of(" \t\r\n");
    return first == std::string_view::npos ? std::string_view{} : s.substr(first);
  }
  bool accept(char c) {
    skip_blanks();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) broken(text("expected '", c, "'"));
  }
  std::string string() {
    skip_blanks();
    if (rest_.starts_with('[')) {
      fail(where_, ": expected an array of numbers, found a structured one; save each of its ",
           "fields by itself: numpy.save('x.npy', array['x'])");
    }
    if (rest_.empty() || (rest_[0] != '\'' && rest_[0] != '"')) broken("expected a text");
    const auto end = rest_.find(rest_[0], 1);
    if (end == std::string_view::npos) broken("a text does not end");
    const std::string value(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return value;
  }
  bool boolean() {
    skip_blanks();
    for (const auto& [word, value] : {std::pair{"True", true}, std::pair{"False", false}}) {
      if (rest_.starts_with(word)) {
        rest_.remove_prefix(std::string_view(word).size());
        return value;
      }
    }
    broken("expected True or False");
  }
  Shape tuple() {
    Shape shape;
    expect('(');
    while (!accept(')')) {
      shape.push_back(side());
      if (shape.size() > max_sides) broken(text("more than ", max_sides, " dimensions"));
      if (!accept(',')) {
        if (shape.size() == 1) broken("a shape of one side must end with a comma");
        expect(')');
        break;
      }
    }
    return shape;
  }
  std::size_t side() {
    skip_blanks();
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error == std::errc::result_out_of_range) broken("a side of the shape is too large");
    if (error != std::errc{}) broken("the shape must be whole numbers >= 0");
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    if (rest_.starts_with('L')) rest_.remove_prefix(1);  // Python 2 wrote its long integers so
    return value;
  }

  std::string_view rest_;
  std::string_view where_;
};

DType dtype_of_descr(std::string_view descr, std::string_view where) {
  if (descr.find('O') != std::string_view::npos) {
    fail(where, ": holds Python objects (a pickle), which are never loaded; ",
         "save an array of numbers instead: numpy.save(path, array.astype('float32'))");
  }
  if (descr.size() > 1 && (descr[1] == 'U' || descr[1] == 'S')) {
    fail(where, ": holds text of type '", descr,
         "', expected numbers; a class is its position in the logits: ",
         "numpy.save(path, [classes.index(name) for name in array])");
  }
  if (descr.size() == 3 && std::string_view("<>|=").find(descr[0]) != std::string_view::npos) {
    if (const auto type = numpy_type(descr.substr(1))) return *type;
  }
  fail(where, ": values of type '", descr, "' are not supported; ",
       "convert them first: numpy.save(path, array.astype('float32')), or 'int64' for labels");
}

}  // namespace

Array read_npy(const std::filesystem::path& path) {
  return parse_npy(map_file(path), path.string());
}

Array parse_npy(const SharedBytes& bytes, std::string_view where) {
  if (!bytes.text().starts_with(magic) || bytes.size() < 10) {
    fail(where, ": expected a NumPy array (.npy), found ",
         bytes.size() == 0 ? "an empty file" : "something else");
  }
  const int version = bytes.data()[6];
  if (version < 1 || version > 3 || bytes.data()[7] != 0) {
    fail(where, ": .npy version ", version, ".", int{bytes.data()[7]}, " is not known");
  }
  const std::size_t prefix = version == 1 ? 10 : 12;
  if (bytes.size() < prefix) fail(where, ": truncated inside its header");
  const std::size_t header_size = version == 1
                                      ? load_little_endian<std::uint16_t>(bytes.data() + 8)
                                      : load_little_endian<std::uint32_t>(bytes.data() + 8);
  if (header_size > max_npy_header) {
    fail(where, ": header of ", header_size, " bytes, expected at most ", max_npy_header);
  }
  if (header_size > bytes.size() - prefix) fail(where, ": truncated inside its header");

  const Header header = HeaderParser(bytes.text().substr(prefix, header_size), where).parse();
  const DType dtype = dtype_of_descr(header.descr, where);
  const std::size_t width = size_of(dtype);
  const std::size_t count =
      within(text(where, ": "), [&] { return count_of(header.shape, width); });
  const std::size_t found = bytes.size() - prefix - header_size;
  if (found != count * width) {
    fail(where, ": ", found < count * width ? "truncated: " : "", "expected ", count * width,
         " bytes of values for ", name_of(dtype), " ", to_string(header.shape), ", found ", found);
  }

  return array_from_numpy({.code = header.descr.substr(1),
                           .big_endian = header.descr[0] == '>',
                           .fortran_order = header.fortran_order,
                           .shape = header.shape},
                          bytes.part(prefix + header_size, found));
}

std::string npy_header(DType dtype, const Shape& shape) {
  const std::string_view code = numpy_code(dtype);
  if (code.empty()) {
    fail("a .npy file cannot hold ", name_of(dtype), "; convert it to float32 first");
  }
  std::string sides;
  for (const std::size_t side : shape) {
    sides += text(sides.empty() ? "" : " ", side, ",");
  }
  if (shape.size() > 1) sides.pop_back();  // (3, 4) but (3,)
  std::string header = text("{'descr': '", size_of(dtype) == 1 ? '|' : '<', code,
                            "', 'fortran_order': False, 'shape': (", sides, "), }");
  const std::size_t prefix = 10;
  const std::size_t total = (prefix + header.size() + 1 + 63) / 64 * 64;
  header.append(total - prefix - header.size() - 1, ' ');
  header += '\n';
  std::string out(magic);
  out += '\x01';
  out += '\x00';
  out += static_cast<char>(header.size() & 0xff);
  out += static_cast<char>(header.size() >> 8);
  return out + header;
}

void write_npy(const std::filesystem::path& path, const Array& array) {
  const std::string header = npy_header(array.dtype(), array.shape());
  AtomicFile file(path);
  file.write(header);
  file.write(array.data(), array.bytes());
  file.commit();
}

}  // namespace nescio::io
