#include "cli/printable_stream.h"

#include "base/text.h"
#include "base/without_middle.h"

namespace nescio::cli {

void PrintableStream::Buffer::pass_on() {
  to_ << printable(without_middle(line_, longest_));
  line_.clear();
}

PrintableStream::Buffer::int_type PrintableStream::Buffer::overflow(int_type c) {
  if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
  const char byte = traits_type::to_char_type(c);
  if (byte == '\n') {
    pass_on();
    to_.put('\n');
  } else {
    line_ += byte;
  }
  return to_ ? traits_type::to_int_type(byte) : traits_type::eof();
}

int PrintableStream::Buffer::sync() {
  pass_on();
  return to_.flush() ? 0 : -1;
}

}  // namespace nescio::cli
