#include "bank/bank_view.h"

#include <algorithm>
#include <cstring>

#include "bank/manifest.h"
#include "base/error.h"
#include "base/shell_word.h"

namespace nescio::bank {
namespace {

// What rows have that no network said.
constexpr const char* of_rows[] = {"labels", "index"};

bool is_of_rows(std::string_view name) {
  return std::ranges::find(of_rows, name) != std::end(of_rows);
}

std::string prefix_of(const std::string& member) { return member.empty() ? "" : member + "/"; }

// What tells rows apart: the hash of the pictures, or of imported arrays their number and labels.
std::string rows_of(const nlohmann::json& entry) {
  const auto inputs = entry.find("inputs");
  if (inputs != entry.end() && inputs->is_object() && inputs->contains("data_sha256")) {
    return "data of SHA-256 " + inputs->at("data_sha256").dump();
  }
  const nlohmann::json& arrays = entry.at("arrays");
  const std::string rows = entry.at("rows").dump() + " rows";
  if (!arrays.contains("labels")) return rows;
  return rows + " with labels of SHA-256 " + arrays.at("labels").at("sha256").dump();
}

constexpr std::size_t longest_data = 200;  // rows may be listed one by one in a spec

// The command that made them, as far as the bank tells; empty for rows that were imported.
std::string command_for(const FeatureBank& bank, const std::string& split) {
  const nlohmann::json inputs = bank.manifest(split).value("inputs", nlohmann::json::object());
  if (!inputs.contains("data")) return {};
  const auto word = [](const nlohmann::json& of, const char* key, const char* unknown) {
    const auto found = of.is_object() ? of.find(key) : of.end();
    return found != of.end() && found->is_string() ? found->get<std::string>() : unknown;
  };
  const std::string place = bank.path().string();
  std::string data = shell_word("data=" + word(inputs, "data", "DATA"));
  // A screen full of numbers hides the sentence that it stands in.
  if (data.size() > longest_data) {
    data =
        text("data=DATA (what `nescio inspect --json ", shell_word(place + "#" + split), "` says)");
  }
  return text("nescio extract model=", word(bank.model(), "network", "NETWORK"), ":WEIGHTS ", data,
              " ", shell_word("bank=" + place), " ", shell_word("as=" + split));
}

BankView view_of_split(const std::shared_ptr<const FeatureBank>& bank, const std::string& split) {
  const nlohmann::json& entry = bank->manifest(split);
  BankView view{.name = split,
                .rows = bank->rows(split),
                .arrays = {},
                .networks = {},
                .class_names = bank->class_names(split),
                .rows_are = rows_of(entry),
                .extracted_by = command_for(*bank, split),
                .origin = entry};
  for (const auto& [name, facts] : entry.at("arrays").items()) {
    ViewedArray array{
        .dtype = dtype_called(facts.at("dtype").get<std::string>()),
        .shape = facts.at("shape").get<Shape>(),
        .read = [bank, split, called = std::string(name)] { return bank->array(split, called); }};
    view.arrays.emplace(name, std::move(array));
  }
  view.networks[""] = {.classes = bank->classes(),
                       .head = [bank] { return bank->head(); },
                       .origin = {{"path", bank->path().string()},
                                  {"model", bank->model()},
                                  {"head", bank->head_manifest()}}};
  return view;
}

// Every array through `change`, which makes the values that are read from those of the view.
template <class Change>
BankView changed(BankView view, std::size_t rows, const std::string& which, Change change) {
  for (auto& [name, array] : view.arrays) {
    array.shape[0] = rows;
    array.read = [read = std::move(array.read), change] { return change(read()); };
  }
  view.rows = rows;
  view.origin = nullptr;
  view.parts.clear();
  if (!view.rows_are.empty()) view.rows_are = which + " of " + view.rows_are;
  return view;
}

Array selected(const Array& array, const std::vector<std::size_t>& rows) {
  const std::size_t bytes = array.rows() == 0 ? 0 : array.bytes() / array.rows();
  auto values = std::make_shared<std::vector<std::byte>>(bytes * rows.size());
  for (std::size_t i = 0; i < rows.size() && bytes > 0; ++i) {
    std::memcpy(values->data() + i * bytes,
                static_cast<const std::byte*>(array.data()) + rows[i] * bytes, bytes);
  }
  Shape shape = array.shape();
  shape[0] = rows.size();
  const void* data = values->data();
  return Array(array.dtype(), std::move(shape), std::move(values), data);
}

bool rows_alike(const ViewedArray& a, const ViewedArray& b) {
  Shape of_a = a.shape, of_b = b.shape;
  of_a[0] = of_b[0] = 0;  // the rows themselves
  return a.dtype == b.dtype && of_a == of_b;
}

Array stacked(const std::vector<ViewedArray>& pieces, const Shape& shape) {
  auto values = std::make_shared<std::vector<std::byte>>();
  for (const ViewedArray& piece : pieces) {
    const Array array = piece.read();
    const auto* bytes = static_cast<const std::byte*>(array.data());
    values->insert(values->end(), bytes, bytes + array.bytes());
  }
  const void* data = values->data();
  return Array(pieces.front().dtype, shape, std::move(values), data);
}

}  // namespace

Array BankView::array(std::string_view which) const {
  const auto found = arrays.find(which);
  if (found == arrays.end()) {
    std::vector<std::string> known;
    for (const auto& [name, viewed] : arrays) known.push_back(name);
    fail(name, " has no array '", which, "'.", suggest(which, known));
  }
  return found->second.read();
}

Array BankView::labels() const { return has("labels") ? array("labels") : Array(); }

std::optional<Head> BankView::head(std::string_view member) const {
  const auto found = networks.find(member);
  return found == networks.end() || !found->second.head ? std::nullopt : found->second.head();
}

std::size_t BankView::classes(std::string_view member) const {
  const auto known = networks.find(member);
  if (known != networks.end() && known->second.classes > 0) return known->second.classes;
  const Array array = labels();
  if (array.empty()) return 0;
  // Of more classes than rows one has no sample, whichever they are.
  const std::int64_t last = std::ranges::max(array.as<std::int64_t>());
  return static_cast<std::size_t>(
             std::clamp<std::int64_t>(last, 0, static_cast<std::int64_t>(rows) - 1)) +
         1;
}

BankViews::BankViews(const FeatureBank& bank) : from_(bank.path().string()) {
  const auto shared = std::make_shared<const FeatureBank>(bank);
  for (const std::string& split : bank.splits())
    views_.emplace(split, view_of_split(shared, split));
}

BankViews::BankViews(std::vector<BankView> views) {
  for (BankView& view : views) {
    const std::string name = view.name;
    if (!views_.emplace(name, std::move(view)).second) fail("two views are called ", name);
  }
}

bool BankViews::has(std::string_view split, std::string_view array) const {
  const auto found = views_.find(split);
  return found != views_.end() && found->second.has(array);
}

const BankView& BankViews::at(std::string_view split) const {
  const auto found = views_.find(split);
  if (found == views_.end()) {
    std::vector<std::string> known;
    for (const auto& [name, view] : views_) known.push_back(name);
    fail(from_.empty() ? "" : from_ + ": ", "there is no split '", split, "'.",
         known.empty() ? " The bank is empty." : suggest(split, known));
  }
  return found->second;
}

std::optional<Head> BankViews::head(std::string_view member) const {
  return views_.empty() ? std::nullopt : views_.begin()->second.head(member);
}

std::size_t BankViews::classes(std::string_view member) const {
  for (const auto& [name, view] : views_) {
    const auto known = view.networks.find(member);
    if (known != view.networks.end() && known->second.classes > 0) return known->second.classes;
  }
  return 0;
}

std::size_t BankViews::feature_width() const {
  for (const auto& [name, view] : views_) {
    const auto features = view.arrays.find("features");
    if (features != view.arrays.end() && features->second.is_matrix()) {
      return features->second.shape[1];
    }
  }
  const auto known = head();
  return known ? known->weight.cols() : 0;
}

std::vector<std::pair<std::string, std::string>> contents_of(
    const BankViews& views, const std::vector<std::string>& splits) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto add = [&](const std::string& of, const nlohmann::json& entry) {
    if (!entry.is_object() || !entry.contains("arrays")) return;
    for (const auto& [name, facts] : entry.at("arrays").items()) {
      out.emplace_back(text("the SHA-256 of ", of, "/", name), facts.value("sha256", ""));
    }
  };
  for (const std::string& split : splits) {
    const BankView& view = views.at(split);
    out.emplace_back("rows of " + split, text(view.rows));
    add(split, view.origin);
  }
  const nlohmann::json network = views.origin();
  if (network.is_object()) add("head", network.value("head", nlohmann::json()));
  return out;
}

nlohmann::json BankViews::origin(std::string_view member) const {
  for (const auto& [name, view] : views_) {
    const auto network = view.networks.find(member);
    if (network != view.networks.end()) return network->second.origin;
  }
  return nullptr;
}

std::vector<std::string> BankViews::members() const {
  std::vector<std::string> names;
  if (!views_.empty()) {
    for (const auto& [member, network] : views_.begin()->second.networks) names.push_back(member);
  }
  return names;
}

BankViews BankViews::of_member(std::string_view member) const {
  BankViews out;
  out.from_ = member.empty() ? from_ : std::string(member);
  const std::string prefix = prefix_of(std::string(member));
  for (const auto& [split, all] : views_) {
    BankView view = all;
    view.arrays.clear();
    view.networks.clear();
    for (const auto& [name, array] : all.arrays) {
      if (is_of_rows(name)) {
        view.arrays.emplace(name, array);
      } else if (name.starts_with(prefix)) {
        view.arrays.emplace(name.substr(prefix.size()), array);
      }
    }
    const auto network = all.networks.find(member);
    if (network != all.networks.end()) view.networks.emplace("", network->second);
    out.views_.emplace(split, std::move(view));
  }
  return out;
}

BankViews BankViews::with(BankView view) const {
  BankViews out = *this;
  const std::string name = view.name;
  if (!out.views_.emplace(name, std::move(view)).second) fail("two views are called ", name);
  return out;
}

BankView view_of(std::string name, const std::map<std::string, Array>& arrays,
                 const std::optional<Head>& head) {
  BankView view{.name = std::move(name),
                .rows = arrays.empty() ? 0 : arrays.begin()->second.rows(),
                .arrays = {},
                .networks = {},
                .class_names = {},
                .rows_are = {},
                .extracted_by = {},
                .origin = {}};
  ViewedNetwork network;
  for (const auto& [called, array] : arrays) {
    if (array.shape().empty() || array.rows() != view.rows) {
      fail(view.name, ": expected ", view.rows, " rows of ", called, " as of ",
           arrays.begin()->first, ", found shape ", to_string(array.shape()));
    }
    view.arrays.emplace(called,
                        ViewedArray{array.dtype(), array.shape(), [kept = array] { return kept; }});
    if (called == "logits") network.classes = array.cols();
  }
  if (head) {
    network.classes = head->weight.rows();
    network.head = [head] { return head; };
  }
  view.networks.emplace("", std::move(network));
  return view;
}

BankView slice(const BankView& view, std::size_t first, std::size_t count) {
  if (first > view.rows || count > view.rows - first) {
    fail(view.name, ": expected some of its ", view.rows, " rows, found ", first, " .. ",
         first + count);
  }
  return changed(view, count, text("rows ", first, " .. ", first + count),
                 [first, count](const Array& array) { return array.slice(first, count); });
}

BankView select(const BankView& view, std::vector<std::size_t> rows) {
  for (const std::size_t row : rows) {
    if (row >= view.rows) {
      fail(view.name, ": expected some of its ", view.rows, " rows, found row ", row);
    }
  }
  const auto shared = std::make_shared<const std::vector<std::size_t>>(std::move(rows));
  return changed(view, shared->size(), text(shared->size(), " rows"),
                 [shared](const Array& array) { return selected(array, *shared); });
}

BankView one_after_another(std::string name, const std::vector<BankView>& parts) {
  if (parts.empty()) fail("expected at least one view, found none");
  BankView out = parts.front();
  out.name = std::move(name);
  out.origin = nullptr;
  out.extracted_by.clear();
  out.parts.clear();
  for (const BankView& part : parts) out.parts.push_back(part.name);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    out.rows += parts[i].rows;
    const bool known = !out.rows_are.empty() && !parts[i].rows_are.empty();
    out.rows_are = known ? out.rows_are + " and " + parts[i].rows_are : "";
  }
  for (auto array = out.arrays.begin(); array != out.arrays.end();) {
    std::vector<ViewedArray> pieces;
    for (const BankView& part : parts) {
      const auto found = part.arrays.find(array->first);
      if (found == part.arrays.end() || !rows_alike(found->second, array->second)) break;
      pieces.push_back(found->second);
    }
    if (pieces.size() < parts.size()) {
      array = out.arrays.erase(array);
      continue;
    }
    array->second.shape[0] = out.rows;
    array->second.read = [pieces, shape = array->second.shape] { return stacked(pieces, shape); };
    ++array;
  }
  return out;
}

BankView side_by_side(const std::vector<std::pair<std::string, BankView>>& members) {
  if (members.empty()) fail("expected at least one view, found none");
  const BankView& first = members.front().second;
  BankView out{.name = first.name,
               .rows = first.rows,
               .arrays = {},
               .networks = {},
               .class_names = {},
               .rows_are = first.rows_are,
               .extracted_by = {},
               .origin = first.origin};
  if (out.origin.is_object()) out.origin["arrays"] = nlohmann::json::object();
  for (const auto& pair : members) {
    const std::string& member = pair.first;
    const BankView& view = pair.second;
    if (view.rows != out.rows || view.rows_are != out.rows_are) {
      fail(out.name, " is ", first.rows_are.empty() ? text(first.rows, " rows") : first.rows_are,
           " in ", members.front().first, ", but ",
           view.rows_are.empty() ? text(view.rows, " rows") : view.rows_are, " in ", member,
           "; only the same rows can stand side by side");
    }
    if (out.class_names.empty()) out.class_names = view.class_names;
    const auto network = view.networks.find("");
    if (network == view.networks.end() || !out.networks.emplace(member, network->second).second) {
      fail(out.name, ": the member '", member, "' stands there twice, or is several itself");
    }
    for (const auto& [name, array] : view.arrays) {
      const std::string called = is_of_rows(name) ? name : prefix_of(member) + name;
      if (!is_of_rows(name)) out.arrays.emplace(called, array);
      if (out.origin.is_object() && view.origin.is_object()) {
        out.origin["arrays"].emplace(called, view.origin.at("arrays").at(name));
      }
    }
  }
  for (const char* name : of_rows) {
    std::vector<std::pair<std::string, ViewedArray>> all;
    for (const auto& [member, view] : members) {
      const auto found = view.arrays.find(name);
      if (found != view.arrays.end()) all.emplace_back(member, found->second);
    }
    if (all.empty()) continue;
    ViewedArray array = all.front().second;
    array.read = [all, what = text(out.name, "/", name)] {
      const Array of_first = all.front().second.read();
      for (const auto& [member, other] : all) {
        if (same_bits(other.read(), of_first)) continue;
        fail(what, ": other values in ", member, " than in ", all.front().first,
             "; only the same rows can stand side by side");
      }
      return of_first;
    };
    out.arrays.emplace(name, std::move(array));
  }
  return out;
}

BankViews side_by_side(const std::vector<std::pair<std::string, BankViews>>& members) {
  std::vector<BankView> out;
  if (members.empty()) fail("expected at least one bank, found none");
  if (members.size() == 1) return members.front().second;
  for (const auto& pair : members.front().second) {
    std::vector<std::pair<std::string, BankView>> of_split;
    for (const auto& [member, views] : members) {
      if (views.has(pair.first)) of_split.emplace_back(member, views.at(pair.first));
    }
    if (of_split.size() == members.size()) out.push_back(side_by_side(of_split));
  }
  return BankViews(std::move(out));
}

}  // namespace nescio::bank
