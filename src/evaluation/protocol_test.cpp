#include "evaluation/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/test_folder.h"

namespace nescio::evaluation {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string sets =
    "sets:\n"
    "  a/train: npy:{root}/train.npy?labels={root}/y.npy\n"
    "  a/val: {data: 'npy:{root}/test.npy', index: [3, 1-2], rows: 3}\n"
    "  a/test: {data: 'npy:{root}/test.npy?labels=y', index: 0}\n"
    "  b/test: cifar10:b\n"
    "  b/val: cifar10:b\n"
    "  c/test: cifar10:c\n";
const std::string roles =
    "roles: {train: a/train, val: a/val, id: a/test, near: b/test, ood_val: [b/val]}\n";

Protocol read(const std::string& yaml, const std::string& data = "/pictures") {
  const io::TestFolder folder;
  return read_protocol(folder.file("p.yaml", yaml), {.root = data});
}
std::string refusal(const std::string& yaml, const std::string& data = "/pictures") {
  return io::error_of([&] { read(yaml, data); });
}

TEST(Protocol, ReadsSetsInOrder) {
  const Protocol p = read("name: toy\nsummary: two words\n" + sets + roles);
  EXPECT_EQ(p.name, "toy");
  EXPECT_EQ(p.summary, "two words");
  ASSERT_EQ(p.sets.size(), 5U);
  EXPECT_EQ(p.sets[0].name, "a/train");
  EXPECT_EQ(p.sets[0].data, "npy:/pictures/train.npy?labels=/pictures/y.npy");
  EXPECT_EQ(p.sets[0].rows, std::nullopt);
  EXPECT_EQ(p.sets[1].data, "npy:/pictures/test.npy?index=3,1-2");
  EXPECT_EQ(p.sets[1].rows, 3U);
  EXPECT_EQ(p.sets[2].data, "npy:/pictures/test.npy?labels=y&index=0");
  EXPECT_THAT(p.unused, ElementsAre("c/test"));
  EXPECT_EQ(p.roles.id, "a/test");
  EXPECT_THAT(p.roles.near, ElementsAre("b/test"));
  EXPECT_THAT(p.roles.far, ElementsAre());
  EXPECT_THAT(p.roles.ood_val, ElementsAre("b/val"));
  const auto json = to_json(p);
  EXPECT_EQ(json.at("sets").at("a/val").at("expected_rows"), 3);
  EXPECT_EQ(json.at("roles").at("val"), "a/val");
}

TEST(Protocol, WritesValuesThatWouldEndAnOption) {
  const Protocol p = read("name: toy\n" + sets + roles, "/a&b");
  EXPECT_EQ(p.sets[0].data, "npy:/a&b/train.npy?labels=/a%26b/y.npy");
  const Protocol q = read(
      "name: toy\n"
      "sets: {x/y: {data: 'files:p', classes: ['a&b', '(c']}, z/y: files:q}\n"
      "roles: {id: x/y, near: z/y}\n");
  EXPECT_EQ(q.sets[0].data, "files:p?classes=a%26b,%28c");
}

TEST(Protocol, RolesOfTheUserNeedAMapping) {
  const io::TestFolder folder;
  EXPECT_THAT(io::error_of([&] {
                read_protocol(folder.file("none.yaml", "name: toy\n" + sets),
                              {.root = "r", .split = {}, .roles = {{"near", "none"}}});
              }),
              HasSubstr("roles: an evaluation needs the in-distribution split"));
  for (const char* yaml : {"hello", "[a]", "roles: x", "roles: [1]", ""}) {
    EXPECT_THAT(io::error_of([&] {
                  read_protocol(folder.file("p.yaml", yaml),
                                {.root = "r", .split = {}, .roles = {{"val", "none"}}});
                }),
                HasSubstr("expected `key: value` lines"))
        << yaml;
  }
}

TEST(Protocol, UserOverridesItsPreprocessing) {
  const Protocol p = read("name: toy\npreprocessing: size=8&mean=0\n" + sets + roles);
  EXPECT_EQ(p.model_spec("net:w.th"), "net:w.th?size=8&mean=0");
  EXPECT_EQ(p.model_spec("net:w.th?size=9"), "net:w.th?size=9&mean=0");
  EXPECT_EQ(read("name: toy\n" + sets + roles).model_spec("net:w.th"), "net:w.th");
}

TEST(Protocol, UserChoosesTheSplitAndChangesRoles) {
  const io::TestFolder folder;
  const std::string file =
      folder.file("p.yaml", "name: toy\n" + sets + "  d/test: npy:d.npy?index={split}\n" + roles);
  const Protocol p = read_protocol(
      file, {.root = "D", .split = "7", .roles = {{"near", "c/test,d/test"}, {"train", "none"}}});
  EXPECT_THAT(p.roles.near, ElementsAre("c/test", "d/test"));
  EXPECT_EQ(p.roles.train, "");
  EXPECT_EQ(p.sets.back().data, "npy:d.npy?index=7");
  EXPECT_THAT(p.unused, ElementsAre("a/train", "b/test"));
  EXPECT_THAT(io::error_of([&] { read_protocol(file, {.root = "D"}); }), HasSubstr("split=N"));
  const Protocol two =
      read_protocol(file, {.root = "D", .split = "7", .roles = {{"shifted", "c/test,d/test"}}});
  EXPECT_THAT(two.roles.shifted, ElementsAre("c/test", "d/test"));
  const ProtocolOptions unknown{.root = "D", .split = "7", .roles = {{"near", "c/tset"}}};
  EXPECT_THAT(io::error_of([&] { read_protocol(file, unknown); }),
              HasSubstr("Did you mean 'c/test'?"));
}

TEST(Protocol, NamesFileAndKeyOfWhatItRefuses) {
  const std::string head = "name: toy\n";
  EXPECT_THAT(refusal(head + "set: x\n" + sets + roles),
              HasSubstr("p.yaml: unknown key 'set'. Did you mean 'sets'?"));
  EXPECT_THAT(refusal(sets + roles), HasSubstr("p.yaml: 'name' is missing"));
  EXPECT_THAT(refusal(head + sets), HasSubstr("'roles' is missing"));
  EXPECT_THAT(refusal("- a\n- b\n"), HasSubstr("expected `key: value` lines, found a list"));
  EXPECT_THAT(refusal(""), HasSubstr("found nothing"));
  EXPECT_THAT(refusal(head + "sets: {a/b: {rows: 3}}\n" + roles),
              HasSubstr("sets.a/b: 'data' is missing"));
  EXPECT_THAT(refusal(head + "sets: {a/b: {data: x, rows: -3}}\n" + roles),
              HasSubstr("sets.a/b.rows: expected a whole number > 0, found '-3'"));
  EXPECT_THAT(refusal(head + "sets: {a/b: {data: x, index: [1, [2]]}}\n" + roles),
              HasSubstr("sets.a/b.index[1]: expected a text, found a list"));
  EXPECT_THAT(refusal(head + "sets: {a: x}\n" + roles), HasSubstr("p.yaml: sets.a: "));
  EXPECT_THAT(refusal(head + sets + roles, ""), HasSubstr("sets.a/train: needs the folder"));
}

TEST(Protocol, RolesMustFitTheSets) {
  const auto with = [](const std::string& r) {
    return "name: toy\n" + sets + "roles: {" + r + "}\n";
  };
  EXPECT_THAT(refusal(with("id: a/test, nera: b/test")),
              HasSubstr("roles: unknown key 'nera'. Did you mean 'near'?"));
  EXPECT_THAT(refusal(with("id: a/tset, near: b/test")),
              HasSubstr("roles.id: 'a/tset' is none of the sets above. Did you mean 'a/test'?"));
  EXPECT_THAT(refusal(with("id: a/test, near: b/test, far: [b/test]")),
              HasSubstr("roles: b/test is named as near and as far"));
  EXPECT_THAT(refusal(with("id: a/test, near: b/test, train: a/test")), HasSubstr("as train"));
  EXPECT_THAT(refusal(with("id: a/test, near: b/test, ood_val: b/test")), HasSubstr("as ood_val"));
  EXPECT_THAT(refusal(with("id: a/test, near: b/test, val: a/train, ood_val: a/train")),
              HasSubstr("roles: a/train is named as val and as ood_val"));
  EXPECT_THAT(refusal(with("id: a/test, near: [b/test, b/test]")),
              HasSubstr("roles: b/test is named twice as near"));
  EXPECT_EQ(refusal(with("id: a/test, near: b/test, train: a/train, val: a/train")), "");
  EXPECT_THAT(refusal(with("near: b/test")), HasSubstr("roles: an evaluation needs the in-"));
  EXPECT_THAT(refusal(with("id: a/test")), HasSubstr("near= or far="));
  EXPECT_EQ(refusal(with("id: a/test, near: b/test, val: a/test")), "");
}

TEST(Protocol, MayHaveEachSetAsIdInTurn) {
  const std::string yaml =
      "name: toy\n"
      "sets:\n"
      "  cat/train: npy:c.npy\n"
      "  eel/train: npy:e.npy\n"
      "  cat/test: npy:c.npy\n"
      "  dog/test: npy:d.npy\n"
      "  eel/test: npy:e.npy\n"
      "roles: {train: '{split}/train', id: '{split}/test', near: [cat/test, dog/test, eel/test]}\n";
  const auto read = [&](const std::string& split) {
    return parse_protocol(yaml, "p.yaml", {.root = {}, .split = split, .roles = {}});
  };
  const Protocol eel = read("eel");
  EXPECT_EQ(eel.roles.train, "eel/train");
  EXPECT_EQ(eel.roles.id, "eel/test");
  EXPECT_THAT(eel.roles.near, testing::ElementsAre("cat/test", "dog/test"));
  EXPECT_THAT(eel.unused, testing::ElementsAre("cat/train"));
  EXPECT_THAT(io::error_of([&] { read("ele"); }),
              testing::HasSubstr("'ele/train' is none of the sets above"));
  EXPECT_THAT(io::error_of([&] { read(""); }), testing::HasSubstr("give it with split=N"));
  // Without {split}, a set that is ID and near stays a mistake.
  std::string fixed = yaml;
  for (std::size_t at; (at = fixed.find("{split}")) != std::string::npos;)
    fixed.replace(at, 7, "cat");
  EXPECT_THAT(io::error_of([&] { parse_protocol(fixed, "p.yaml", {}); }),
              testing::HasSubstr("a split has one role"));
}

}  // namespace
}  // namespace nescio::evaluation
