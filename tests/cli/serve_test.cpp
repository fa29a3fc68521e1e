// The detector behind a real socket, and those who ask it wrongly.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "base/text.h"
#include "io/npy.h"
#include "program.h"
#include "running_program.h"
#include "world.h"

namespace nescio {
namespace {

using testing::HasSubstr;

struct Reply {
  int status = 0;
  std::string head, body;
  nlohmann::json json() const { return nlohmann::json::parse(body); }
};

/// Whether an answer is there as a whole, as far as its head says.
bool is_whole(const std::string& bytes) {
  const auto end = bytes.find("\r\n\r\n"), length = bytes.find("Content-Length: ");
  return end != std::string::npos && length < end &&
         bytes.size() >= end + 4 + std::strtoul(bytes.c_str() + length + 16, nullptr, 10);
}

/// These bytes to a port of this machine, and what comes back.
std::string ask(int port, const std::string& bytes) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string out;
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    for (std::size_t sent = 0; sent < bytes.size();) {
      const ssize_t now = ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (now <= 0) break;
      sent += static_cast<std::size_t>(now);
    }
    char buffer[4096];
    for (ssize_t got; !is_whole(out) && (got = ::recv(socket, buffer, sizeof buffer, 0)) > 0;) {
      out.append(buffer, static_cast<std::size_t>(got));
    }
  }
  ::close(socket);
  return out;
}

Reply reply_of(const std::string& bytes) {
  Reply out;
  const auto end = bytes.find("\r\n\r\n");
  if (!bytes.starts_with("HTTP/1.1 ") || end == std::string::npos) return out;
  out.status = std::atoi(bytes.c_str() + 9);
  out.head = bytes.substr(0, end);
  out.body = bytes.substr(end + 4);
  return out;
}

class ServeTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (nescio_program({"serve", "none", "port=0"}).log.find("without an HTTP server") !=
        std::string::npos) {
      return;
    }
    world = new TestBank();
    const auto run = [](const std::vector<std::string>& arguments) {
      const Outcome done = nescio_program(arguments);
      ASSERT_EQ(done.code, 0) << done.log;
    };
    const std::string detector = world->path("knn5");
    run({"fit", "vim(dim=2)", "bank=" + world->bank(), "train=in/train", "out=" + detector});
    run({"calibrate", detector, "bank=" + world->bank(), "id=in/val", "keep=0.9"});
    server = new RunningProgram({"serve", detector, "port=0", "max_body=20000", "timeout=1"});
    const std::string line = server->read_line();
    port = std::atoi(line.c_str() + line.find(':', 7) + 1);
    ASSERT_GT(port, 0) << line;
    EXPECT_THAT(line, HasSubstr("/v2/models/knn5"));
  }
  static void TearDownTestSuite() {
    delete server;
    delete world;
  }
  void SetUp() override {
    if (!server) GTEST_SKIP() << "built without an HTTP server";
  }

  static Reply get(const std::string& path) {
    return reply_of(ask(port, "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  }
  static Reply post(const std::string& path, const std::string& body) {
    return reply_of(ask(port, "POST " + path +
                                  " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " +
                                  text(body.size()) + "\r\n\r\n" + body));
  }
  static Reply infer(const std::string& body) { return post("/v2/models/knn5/infer", body); }
  static nlohmann::json tensor(const std::string& name, const std::vector<float>& values,
                               std::size_t width) {
    return {{"name", name},
            {"datatype", "FP32"},
            {"shape", {values.size() / width, width}},
            {"data", values}};
  }
  static std::string request(std::size_t rows, std::uint64_t seed = 9) {
    const Rows drawn = draw_rows({}, rows, true, seed);
    return nlohmann::json{
        {"id", "q"},
        {"inputs", {tensor("features", drawn.features, 8), tensor("logits", drawn.logits, 4)}}}
        .dump();
  }
  static const nlohmann::json& output(const nlohmann::json& answer, const std::string& name) {
    for (const auto& one : answer.at("outputs")) {
      if (one.at("name") == name) return one.at("data");
    }
    ADD_FAILURE() << name << " is not in " << answer;
    return answer;
  }

  static TestBank* world;
  static RunningProgram* server;
  static int port;
};
TestBank* ServeTest::world = nullptr;
RunningProgram* ServeTest::server = nullptr;
int ServeTest::port = 0;

TEST_F(ServeTest, GivesTheNumbersOfScore) {
  const Rows rows = draw_rows({}, 30, true, 9);
  write_rows(world->folder(), "asked", {}, rows);
  const Outcome scored =
      nescio_program({"score", world->path("knn5"), "features=" + world->path("asked_features.npy"),
                      "logits=" + world->path("asked_logits.npy"), "--json"});
  ASSERT_EQ(scored.code, 0) << scored.log;
  const Reply reply = infer(request(30));
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_THAT(reply.head, HasSubstr("application/json"));
  const nlohmann::json answer = reply.json();
  EXPECT_EQ(answer.at("model_name"), "knn5");
  EXPECT_EQ(answer.at("id"), "q");
  std::istringstream lines(scored.out);
  std::string line;
  for (std::size_t r = 0; std::getline(lines, line); ++r) {
    const auto expected = nlohmann::json::parse(line);
    EXPECT_EQ(output(answer, "ood_score").at(r), expected.at("score"));
    EXPECT_EQ(output(answer, "ood_p_value").at(r), expected.at("p_value"));
    EXPECT_EQ(output(answer, "is_ood").at(r), expected.at("is_ood"));
    EXPECT_EQ(output(answer, "class").at(r), expected.at("class"));
    EXPECT_EQ(output(answer, "ood_threshold").at(r), expected.at("threshold"));
  }
  EXPECT_EQ(output(answer, "ood_score").size(), 30U);
}

TEST_F(ServeTest, TakesNestedDataAndNamesOutputs) {
  auto asked = nlohmann::json::parse(request(2));
  for (auto& input : asked["inputs"]) {
    const auto flat = input["data"];
    const std::size_t width = input["shape"][1];
    input["data"] = nlohmann::json::array();
    for (std::size_t r = 0; r < 2; ++r) {
      input["data"].push_back(
          std::vector<double>(flat.begin() + static_cast<long>(r * width),
                              flat.begin() + static_cast<long>((r + 1) * width)));
    }
  }
  asked["outputs"] = {{{"name", "is_ood"}}};
  const Reply reply = infer(asked.dump());
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.json().at("outputs").size(), 1U);
  EXPECT_EQ(output(reply.json(), "is_ood"), output(infer(request(2)).json(), "is_ood"));
}

TEST_F(ServeTest, SaysThatItIsThere) {
  for (const char* path :
       {"/healthz", "/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/knn5/ready"}) {
    EXPECT_EQ(get(path).status, 200) << path;
  }
  const auto about = get("/v2/models/knn5").json();
  EXPECT_EQ(about.at("name"), "knn5");
  EXPECT_EQ(about.at("inputs").size(), 2U);
  EXPECT_EQ(about.at("inputs")[0].at("shape"), nlohmann::json({-1, 8}));
  EXPECT_EQ(about.at("outputs").size(), 5U);
  ASSERT_EQ(infer(request(5)).status, 200);
  const std::string metrics = get("/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("path=\"/v2/models/NAME/infer\",code=\"200\"}"));
  EXPECT_THAT(metrics,
              HasSubstr("nescio_monitor_rows_total{detector=\"vim(dim=2)\",model=\"knn5\"}"));
  EXPECT_THAT(metrics, HasSubstr("nescio_request_seconds_bucket{"));
}

TEST_F(ServeTest, AnswersWhatIsWrongWithASentence) {
  const auto with = [](const auto& change) {
    auto asked = nlohmann::json::parse(request(2));
    change(asked);
    return asked.dump();
  };
  std::string nan = request(1);
  nan.replace(nan.find("\"data\":[") + 8, 0, "NaN,");
  std::string huge = request(1);
  huge.replace(huge.find("\"data\":[") + 8, 0, "1e300,");
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"", "request"},
      {"{", "request"},
      {"[]", "expected an object"},
      {"{}", "'inputs' is missing"},
      {R"({"inputs": 3})", "'inputs'"},
      {R"({"inputs": []})", "'inputs'"},
      {R"({"inputs": [{"name": "features"}]})", "'datatype' is missing"},
      {std::string(300, '[') + std::string(300, ']'), "levels of nesting"},
      {"\xff\xfe\x00", "request"},
      {nan, "request"},
      {huge, "no finite float"},
      {with([](auto& j) { j["inputs"][0]["datatype"] = "BYTES"; }), "FP32 or FP64"},
      {with([](auto& j) {
         j["inputs"][0]["shape"] = {2, 9};
       }),
       "expected 18 numbers"},
      {with([](auto& j) {
         j["inputs"][0]["shape"] = {4, 4};
       }),
       "[N, 8]"},
      {with([](auto& j) {
         j["inputs"][0]["shape"] = {-2, 8};
       }),
       "expected counts"},
      {with([](auto& j) {
         j["inputs"][0]["shape"] = {1ULL << 62, 1ULL << 62};
       }),
       "input 'features'"},
      {with([](auto& j) {
         j["inputs"][0]["shape"] = {0, 8}, j["inputs"][0]["data"] = nlohmann::json::array();
       }),
       "at least one row"},
      {with([](auto& j) { j["inputs"][0]["data"] = "text"; }), "expected a list"},
      {with([](auto& j) { j["inputs"][0]["data"][3] = "text"; }), "expected numbers"},
      {with([](auto& j) {  // 16 numbers, but not in rows of 8
         j["inputs"][0]["data"] = {std::vector<int>(7), std::vector<int>(9)};
       }),
       "row 0: expected 8 numbers, found 7"},
      {with(
           [](auto& j) { j["inputs"][0]["data"] = {std::vector<int>(8), 1, 2, 3, 4, 5, 6, 7, 8}; }),
       "row 1: expected 8 numbers, found number"},
      {with([](auto& j) { j["inputs"][0]["data"][3] = {1}; }), "expected numbers, found array"},
      {with([](auto& j) { j["inputs"][0]["name"] = "pixels"; }), "reads no array 'pixels'"},
      {with([](auto& j) { j["inputs"].erase(0); }), "features is missing"},
      {with([](auto& j) { j["inputs"][1] = j["inputs"][0]; }), "twice"},
      {with([](auto& j) {
         j["outputs"] = {{{"name", "score"}}};
       }),
       "no output 'score'"},
      {with([](auto& j) { j["id"] = 3; }), "'id'"}};
  for (const auto& [body, words] : wrong) {
    const Reply reply = infer(body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_THAT(reply.json().at("error").get<std::string>(), HasSubstr(words)) << body;
  }
  // What it quotes is cut.
  EXPECT_LT(
      infer(with([](auto& j) { j["inputs"][0]["name"] = std::string(10000, 'x'); })).body.size(),
      5000U);
  EXPECT_EQ(get("/v2/models/other").status, 404);
  EXPECT_EQ(get("/nowhere").status, 404);
  EXPECT_EQ(post("/nowhere", "body").status, 404);
  EXPECT_EQ(post("/v2/models/other/infer", request(1)).status, 404);
  EXPECT_THAT(post("/score", "picture").json().at("error").get<std::string>(), HasSubstr("model="));
  EXPECT_EQ(infer(request(2)).status, 200);
}

TEST_F(ServeTest, BoundsBodies) {
  EXPECT_EQ(infer(std::string(20000, ' ')).status, 400);
  const Reply large = infer(std::string(20001, ' '));
  EXPECT_EQ(large.status, 413);
  EXPECT_THAT(large.json().at("error").get<std::string>(), HasSubstr("at most 20000 bytes"));
  // It says more than it sends, sends in pieces, or speaks otherwise.
  const std::string head = "POST /v2/models/knn5/infer HTTP/1.1\r\nHost: x\r\n";
  EXPECT_EQ(reply_of(ask(port, head + "Content-Length: 99999999999999\r\n\r\n{")).status, 413);
  EXPECT_EQ(reply_of(ask(port, head + "Content-Length: 500\r\n\r\n{")).status, 408);
  for (const char* length : {"-5", "five", "0x10", "10 10", "5\r\nContent-Length: 6"}) {
    const Reply reply = reply_of(ask(port, head + "Content-Length: " + length + "\r\n\r\n[1, 2]"));
    EXPECT_EQ(reply.status, 400) << length;
    EXPECT_THAT(reply.body, HasSubstr("a count of bytes")) << length;
  }
  std::string pieces;
  for (int i = 0; i < 100; ++i) pieces += "400\r\n" + std::string(1024, 'x') + "\r\n";
  EXPECT_EQ(reply_of(ask(port, head + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" +
                                   pieces + "0\r\n\r\n"))
                .status,
            413);
  const std::string other = "PUT /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
  EXPECT_EQ(reply_of(ask(port, other + "Transfer-Encoding: chunked\r\n\r\n" + pieces + "0\r\n\r\n"))
                .status,
            413);
  EXPECT_EQ(reply_of(ask(port, "no HTTP at all\r\n\r\n")).status, 400);
  // As curl -F sends a file.
  const std::string form =
      "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--b--\r\n";
  const Reply refused =
      reply_of(ask(port, head + "Content-Type: multipart/form-data; boundary=b\r\n" +
                             "Content-Length: " + text(form.size()) + "\r\n\r\n" + form));
  EXPECT_EQ(refused.status, 415);
  EXPECT_THAT(refused.body, HasSubstr("--data-binary"));
  EXPECT_THAT(ask(port, "OPTIONS /score HTTP/1.1\r\nHost: x\r\n\r\n"),
              HasSubstr("there is no OPTIONS /score"));
  EXPECT_EQ(infer(request(2)).status, 200);
}

TEST_F(ServeTest, AnswersManyAtOnce) {
  const std::string expected = infer(request(20)).body;
  ASSERT_THAT(expected, HasSubstr("ood_score"));
  std::atomic<int> right{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < 12; ++c) {
    clients.emplace_back([&] {
      for (int i = 0; i < 10; ++i) right += infer(request(20)).body == expected;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(right, 120);
}

TEST_F(ServeTest, ThePortIsItsOwn) {
  const Outcome second = nescio_program({"serve", world->path("knn5"), "port=" + text(port)});
  EXPECT_EQ(second.code, 1);
  EXPECT_THAT(second.log, HasSubstr("cannot listen at 127.0.0.1:" + text(port)));
}

TEST_F(ServeTest, TheAddressHoldsTheName) {
  const auto address = [](std::vector<std::string> words) {
    words.insert(words.begin(), "serve");
    words.emplace_back("port=0");
    return RunningProgram(words).read_line();
  };
  EXPECT_THAT(address({world->path("knn5") + "/"}), testing::EndsWith("/v2/models/knn5"));
  EXPECT_THAT(address({world->path("knn5"), "name=my k%"}),
              testing::EndsWith("/v2/models/my%20k%25"));
  expect_refusal(nescio_program({"serve", world->path("knn5"), "name=a/b", "port=0"}), 2,
                 {"expected no '/'"});
  // An address is decoded before it is compared.
  EXPECT_EQ(get("/v2/models/%6Bnn5").status, 200);
}

TEST_F(ServeTest, EndsCleanly) {
  for (const int number : {SIGTERM, SIGINT}) {
    RunningProgram program({"serve", world->path("knn5"), "port=0"});
    const std::string line = program.read_line();
    const int its = std::atoi(line.c_str() + line.find(':', 7) + 1);
    EXPECT_EQ(reply_of(ask(its, "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")).status, 200);
    program.signal(number);
    EXPECT_EQ(program.wait(), 0);
  }
}

}  // namespace
}  // namespace nescio
