#include "image/datasets/renumbered.h"

#include "base/class_names.h"
#include "base/error.h"
#include "image/datasets/wrapped.h"
#include "io/sha256.h"

namespace nescio::image {
namespace {

class Renumbered final : public Wrapped {
 public:
  Renumbered(std::unique_ptr<Dataset> source, std::vector<std::int64_t> number_of,
             std::vector<std::string> names)
      : Wrapped(std::move(source)), number_of_(std::move(number_of)), names_(std::move(names)) {}

  Sample load(std::size_t i) const override {
    Sample sample = source().load(i);
    sample.label = number(sample.label);
    return sample;
  }
  std::int64_t label(std::size_t i) const override { return number(source().label(i)); }
  std::string hash() const override {
    std::string numbers;
    for (const std::int64_t number : number_of_) numbers += text(' ', number);
    return io::sha256(text(source().hash(), " renumbered", numbers));
  }
  std::vector<std::string> class_names() const override { return names_; }

 private:
  /// A label that has no name stays what it is: none, or one that whoever reads it will refuse.
  std::int64_t number(std::int64_t label) const {
    const bool named = label >= 0 && static_cast<std::size_t>(label) < number_of_.size();
    return named ? number_of_[static_cast<std::size_t>(label)] : label;
  }

  std::vector<std::int64_t> number_of_;
  std::vector<std::string> names_;
};

std::string classes(const std::vector<std::string>& names) {
  return text(names.size() == 1 ? "the class " : "the classes ", first_names(names));
}

}  // namespace

std::unique_ptr<Dataset> renumbered(std::unique_ptr<Dataset> source,
                                    std::vector<std::int64_t> number_of,
                                    std::vector<std::string> names) {
  return std::make_unique<Renumbered>(std::move(source), std::move(number_of), std::move(names));
}

std::unique_ptr<Dataset> in_classes_of(const std::vector<std::string>& expected,
                                       std::string_view whose, std::unique_ptr<Dataset> pictures,
                                       LabelUse use, std::string_view where, const Notice& notice) {
  const std::vector<std::string> found = pictures->class_names();
  ClassMatch match = match_class_names(expected, found, where);
  switch (match.how) {
    case Classes::unknown: break;
    case Classes::same:
      // Fewer classes under the same numbers: from here on all that there are.
      if (found.size() == expected.size()) break;
      return renumbered(std::move(pictures), std::move(match.number_of), expected);
    case Classes::within:
      notice(text(where, ": the labels are now those of ", whose, ", whose ", expected.size(),
                  " classes have other numbers: ", renumbering(found, match.number_of)));
      return renumbered(std::move(pictures), std::move(match.number_of), expected);
    case Classes::overlapping:
      if (use == LabelUse::nothing) {
        notice(text(where, ": ", classes(match.known), match.known.size() == 1 ? " is" : " are",
                    " called like classes of ", whose, ", so not all of it may be OOD"));
        break;
      }
      fail(where, ": ", classes(match.foreign), match.foreign.size() == 1 ? " is" : " are",
           " not among the ", expected.size(), " of ", whose, ", ", classes(match.known),
           match.known.size() == 1 ? " is" : " are",
           "; classes=NAME,NAME,... behind '?' keeps those that you want");
    case Classes::apart:
      if (use == LabelUse::answers) {
        fail(where, ": none of its classes (", first_names(found), ") is among those of ", whose,
             " (", first_names(expected), "); classes are matched by name");
      }
      if (use == LabelUse::unknown) {
        notice(text(where, ": none of its classes (", first_names(found), ") is one of ", whose,
                    " (", first_names(expected),
                    "), so its labels keep their own numbers and no accuracy is known"));
      }
      break;
  }
  return pictures;
}

}  // namespace nescio::image
