// nescio serve DETECTOR port=8080
// nescio serve DETECTOR model=resnet20:PATH.th
#include <cctype>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <limits>
#include <mutex>
#include <ostream>
#include <sstream>
#include <thread>
#include <utility>

#include "base/exception_text.h"
#include "base/interrupt.h"
#include "base/threads.h"
#include "base/version.h"
#include "base/without_middle.h"
#include "cli/answers.h"
#include "cli/backbone.h"
#include "cli/picture_scores.h"
#include "cli/verb.h"
#include "cli/watch_options.h"
#include "detectors/saved_calibration.h"
#include "io/json_file.h"
#include "monitoring/monitor.h"
#include "serving/inference_protocol.h"
#include "serving/request_counts.h"
#ifdef NESCIO_HTTP
#include <httplib.h>
#include <sys/socket.h>
#endif

namespace nescio::cli::verbs {
namespace {

class Serve final : public Verb {
 public:
  std::string detector, name, model, calibration, device = "auto", host = "127.0.0.1";
  std::int64_t port = 8080, workers = 8, max_body = 16 << 20, window = 500;
  double timeout = 10, false_alarms = 0.01;

#ifdef NESCIO_HTTP
  void run(Console& console) override;

 private:
  /// An answer that is no success.
  struct Refusal {
    int status;
    std::string sentence;
  };
  using Request = httplib::Request;
  using Response = httplib::Response;

  void open(const Console& console);
  void route(httplib::Server& server);
  /// Calls `work`, whose errors are answers, and counts.
  void answer(const std::string& path, Response& response, const std::function<void()>& work);
  /// 0 where none is stated.
  static std::uint64_t stated_length(const Request& request);
  std::string body_of(const httplib::ContentReader& reader, const Request& request,
                      Response& response) const;
  void count_rows(const calibration::ScoredRows& rows);
  void score_picture(std::string body, Response& response);
  void write_metrics(Response& response);

  static void give(Response& response, const nlohmann::ordered_json& json) {
    response.set_content(io::json_line(json) + "\n", "application/json");
  }

  std::unique_ptr<serving::RowScorer> rows_;
  std::unique_ptr<runtime::Backbone> network_;
  std::unique_ptr<PictureScorer> pictures_;
  detectors::Calibrations calibrations_;
  const calibration::Calibration* made_ = nullptr;
  std::string spec_;
  std::vector<std::string> class_names_;
  serving::ServedDetector served_;
  serving::RequestCounts requests_;
  std::mutex watching_;  // guards the monitor
  std::unique_ptr<monitoring::Monitor> monitor_;
#else
  void run(Console&) override {
    fail(
        "this program was built without an HTTP server; install libcpp-httplib-dev and build it "
        "again");
  }
#endif
};

#ifdef NESCIO_HTTP

using Clock = std::chrono::steady_clock;

constexpr std::size_t longest_sentence = 1000;  // in an answer, whatever it quotes

std::string name_of(const std::string& folder) {
  auto path = std::filesystem::absolute(folder).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "detector/"
  return path.has_filename() ? path.filename().string() : "detector";
}

/// As a part of an address.
std::string url_encoded(const std::string& name) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view plain = "-._~";
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = byte < 0x80 && (std::isalnum(byte) || plain.find(c) != plain.npos);
    if (is_plain) {
      out += c;
    } else {
      out += {'%', digits[byte / 16], digits[byte % 16]};
    }
  }
  return out;
}

void Serve::open(const Console& console) {
  calibrations_ = detectors::load_calibrations(detector);
  if (!calibrations_.all.empty() || !calibration.empty()) {
    made_ = &calibrations_.find(calibration).made;
    monitor_ = std::make_unique<monitoring::Monitor>(
        *made_, monitoring::MonitorSettings{.window = static_cast<std::size_t>(window),
                                            .every = static_cast<std::size_t>(window),
                                            .false_alarms = false_alarms,
                                            .seed = static_cast<std::uint64_t>(seed)});
  } else {
    console.warn(
        "the detector is not calibrated: it is served without thresholds and p-values, "
        "and not monitored");
  }
  // It outlives its files: somebody copies the next detector over them.
  rows_ = std::make_unique<serving::RowScorer>(
      detectors::load_detector(detector, expr::Executor::cpu, detectors::Held::copied));
  spec_ = rows_->detector().chain.spec();
  class_names_ = class_names(rows_->detector());
  if (name.empty()) name = name_of(detector);
  served_ = {.name = name, .scorer = rows_.get(), .calibration = made_};
  if (model.empty()) return;
  network_ = load_backbone(model, device);
  for (const std::string& notice : network_->notices()) console.warn(notice);
  check_network(rows_->detector(), network_->identity(), network_->classes());
  pictures_ = std::make_unique<PictureScorer>(rows_->detector(), *network_);
}

void Serve::count_rows(const calibration::ScoredRows& rows) {
  if (!monitor_) return;
  const std::lock_guard lock(watching_);
  for (std::size_t r = 0; r < rows.scores.size(); ++r) {
    monitor_->add(rows.scores[r],
                  rows.predicted.empty() ? std::optional<std::uint32_t>() : rows.predicted[r]);
  }
}

void Serve::score_picture(std::string body, Response& response) {
  if (!pictures_) throw Refusal{404, "pictures are not served: give model= to `nescio serve`"};
  const PictureScore p = pictures_->score(io::SharedBytes::copy_of(body), "picture");
  const auto seen = static_cast<std::uint32_t>(p.predicted);
  std::ostringstream line;
  AnswerWriter writer(line, AnswerFormat::json, {.calibration = made_}, class_names_);
  writer.add({p.name, seen, p.score});
  count_rows({.scores = {static_cast<float>(p.score)}, .predicted = {seen}});
  response.set_content(line.str(), "application/json");
}

void Serve::write_metrics(Response& response) {
  monitoring::MetricsText text(monitoring::MetricLabels{{"detector", spec_}, {"model", name}});
  requests_.write(text);
  if (monitor_) {
    const std::lock_guard lock(watching_);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    add_metrics(text, *monitor_, std::chrono::duration<double>(now).count());
  }
  response.set_content(text.text(), "text/plain; version=0.0.4");
}

void Serve::answer(const std::string& path, Response& response, const std::function<void()>& work) {
  const auto begin = Clock::now();
  const auto refuse = [&](int status, const std::string& sentence) {
    response.status = status;
    give(response, {{"error", without_middle(sentence, longest_sentence)}});
  };
  try {
    work();
    if (response.status < 0) response.status = 200;
  } catch (const Refusal& e) {
    refuse(e.status, e.sentence);
  } catch (const Error& e) {
    refuse(400, e.what());
  } catch (const std::bad_alloc&) {
    refuse(503, "out of memory");
  } catch (const std::exception& e) {
    refuse(500, exception_text(e));
  }
  // Behind a body that was not read to its end no other request can be found: the answer ends with the connection.
  if (response.has_header("Connection")) {
    const std::string body = std::exchange(response.body, {});
    response.headers.erase("Content-Type");
    response.set_content_provider("application/json",
                                  [body](std::size_t offset, httplib::DataSink& sink) {
                                    if (offset == 0) sink.write(body.data(), body.size());
                                    return false;
                                  });
  }
  requests_.add(path, response.status, std::chrono::duration<double>(Clock::now() - begin).count());
}

std::uint64_t Serve::stated_length(const Request& request) {
  std::uint64_t length = 0;
  const std::size_t count = request.get_header_value_count("Content-Length");
  for (std::size_t i = 0; i < count; ++i) {
    const std::string words = request.get_header_value("Content-Length", i);
    std::uint64_t one = 0;
    const char* const end = words.data() + words.size();
    const auto [at, error] = std::from_chars(words.data(), end, one);
    if (error == std::errc::invalid_argument || at != end || (i > 0 && one != length)) {
      throw Refusal{400, text("expected one Content-Length, a count of bytes, found '",
                              printable(words), "'")};
    }
    length = error == std::errc{} ? one : std::numeric_limits<std::uint64_t>::max();
  }
  return length;
}

std::string Serve::body_of(const httplib::ContentReader& reader, const Request& request,
                           Response& response) const {
  const auto limit = static_cast<std::size_t>(max_body);
  const auto end = Clock::now() + std::chrono::duration<double>(timeout);
  // A little too much is read and dropped, so that the answer arrives; much more is not.
  const std::size_t enough = 4 * limit + (std::size_t{1} << 20);
  std::size_t received = 0;
  bool whole = false;
  std::string body;
  const auto take = [&](const char* data, std::size_t bytes) {
    received += bytes;
    if (received <= limit) body.append(data, bytes);
    return Clock::now() <= end && received <= enough;
  };
  const bool last = request.get_header_value("Connection") == "close";
  if (!last) response.set_header("Connection", "close");  // until the body is there
  const std::uint64_t length = stated_length(request);
  const bool is_form = request.is_multipart_form_data();
  if (length <= enough) {
    whole = is_form ? reader([](const httplib::MultipartFormData&) { return true; }, take)
                    : reader(take);
  }
  if (whole) response.headers.erase("Connection");
  if (received > limit || length > enough) {
    throw Refusal{413, text("expected a body of at most ", limit, " bytes (max_body=)")};
  }
  if (!whole && Clock::now() > end) {
    throw Refusal{408, text("the body took longer than ", timeout, " s (timeout=)")};
  }
  if (is_form) {
    throw Refusal{415,
                  "expected the data alone as the body, found a form (multipart/form-data); "
                  "curl sends a file so with --data-binary @FILE"};
  }
  if (!whole) throw Refusal{400, "the body ended before its end, or is not encoded as it says"};
  return body;
}

void Serve::route(httplib::Server& server) {
  const auto get = [&](const std::string& path, const std::string& pattern, auto work) {
    server.Get(pattern, [this, path, work](const Request& request, Response& response) {
      answer(path, response, [&] { work(request, response); });
    });
  };
  const auto post = [&](const std::string& path, const std::string& pattern, auto work) {
    server.Post(pattern, [this, path, work](const Request& request, Response& response,
                                            const httplib::ContentReader& reader) {
      answer(path, response, [&] { work(request, response, body_of(reader, request, response)); });
    });
  };
  const auto check_name = [this](const Request& request) {
    const std::string asked = request.matches[1];
    if (asked != name) {
      throw Refusal{404, text("there is no model '", printable(asked), "', only '", name, "'")};
    }
  };
  const std::string of_model = "/v2/models/([^/]+)";
  get("/healthz", "/healthz",
      [](const Request&, Response& response) { response.set_content("ok\n", "text/plain"); });
  get("/metrics", "/metrics", [this](const Request&, Response& r) { write_metrics(r); });
  get("/v2", "/v2/?", [](const Request&, Response& response) {
    give(response, {{"name", "nescio"},
                    {"version", std::string(version())},
                    {"extensions", nlohmann::ordered_json::array()}});
  });
  get("/v2/health/live", "/v2/health/live", [](const Request&, Response& response) {
    give(response, {{"live", true}});
  });
  get("/v2/health/ready", "/v2/health/ready", [](const Request&, Response& response) {
    give(response, {{"ready", true}});
  });
  get("/v2/models/NAME", of_model, [this, check_name](const Request& request, Response& response) {
    check_name(request);
    give(response, serving::model_metadata(served_));
  });
  get("/v2/models/NAME/ready", of_model + "/ready",
      [this, check_name](const Request& request, Response& response) {
        check_name(request);
        give(response, {{"name", name}, {"ready", true}});
      });
  post("/v2/models/NAME/infer", of_model + "/infer",
       [this, check_name](const Request& request, Response& response, const std::string& body) {
         check_name(request);
         if (request.has_header("Inference-Header-Content-Length")) {
           throw Refusal{400, "binary tensors are not read here; send their data as JSON"};
         }
         give(response,
              serving::infer(served_, body, [this](const auto& rows) { count_rows(rows); }));
       });
  post("/score", "/score", [this](const Request&, Response& response, const std::string& body) {
    score_picture(body, response);
  });
  const auto unknown = [](const Request& request) {
    throw Refusal{404, text("there is no ", printable(request.method), " ",
                            printable(request.path.substr(0, 100)),
                            "; docs/monitoring.md lists what there is")};
  };
  get("other", ".*", [unknown](const Request& request, Response&) { unknown(request); });
  // Every body is read here, and by nobody else, who might keep all of it.
  const auto other = [this, unknown](const Request& request, Response& response,
                                     const httplib::ContentReader& reader) {
    answer("other", response, [&] {
      body_of(reader, request, response);
      unknown(request);
    });
  };
  server.Options(".*", [this, unknown](const Request& request, Response& response) {
    answer("other", response, [&] { unknown(request); });
  });
  server.Post(".*", other);
  server.Put(".*", other);
  server.Patch(".*", other);
  server.Delete(".*", other);
  server.set_error_handler([this](const Request&, Response& response) {
    if (!response.body.empty() || response.has_header("Connection")) return;
    requests_.add("other", response.status, 0);  // of what httplib itself refused
    give(response,
         {{"error", response.status == 414
                        ? std::string("the address is too long")
                        : text("this is no request that HTTP knows, or its header is too long (",
                               response.status, ")")}});
  });
}

void Serve::run(Console& console) {
  if (name.find('/') != std::string::npos) {
    throw UsageError(
        text("serve: name=", printable(name), ": expected no '/', which parts addresses"));
  }
  if (!threads) set_thread_count(1);  // requests run side by side instead
  open(console);
  httplib::Server server;
  server.new_task_queue = [this] {
    return new httplib::ThreadPool(static_cast<std::size_t>(workers));
  };
  const auto limit = std::chrono::microseconds(static_cast<std::int64_t>(timeout * 1e6));
  server.set_read_timeout(limit);
  server.set_write_timeout(limit);
  server.set_keep_alive_timeout(5);  // an idle connection holds a worker
  server.set_keep_alive_max_count(1000);
  server.set_tcp_nodelay(true);
  // Its default shares the port with whoever else listens there.
  server.set_socket_options([](int socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  route(server);
  int bound = static_cast<int>(port);
  if (port == 0) {
    bound = server.bind_to_any_port(host);
  } else if (!server.bind_to_port(host, bound)) {
    bound = -1;
  }
  if (bound < 0) {
    fail("cannot listen at ", host, ":", port,
         "; is the port in use, or the host none of this machine? port=0 takes a free one");
  }
  console.out << "http://" << (host.find(':') == std::string::npos ? host : "[" + host + "]") << ':'
              << bound << "/v2/models/" << url_encoded(name) << std::endl;
  console.log << "nescio: serves " << spec_ << "; Ctrl-C ends it\n" << std::flush;
  std::thread listening([&] { server.listen_after_bind(); });
  while (!interrupted()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  server.stop();  // what was begun is answered
  listening.join();
  console.log << "nescio: ended\n";
}

#endif

}  // namespace

VerbInfo serve() {
  return describe_verb<Serve>(
      {.name = "serve",
       .summary = "Answer over HTTP, in KServe's protocol, what a saved detector says of rows or "
                  "pictures.",
       .positional = "detector",
       .details =
           {"POST /v2/models/NAME/infer takes the tensors `features` and `logits` as JSON and "
            "gives "
            "ood_score (higher = more OOD), class, and of a calibrated detector ood_threshold, "
            "is_ood and ood_p_value, the numbers of `nescio score`. With model=, POST /score takes "
            "a picture file as its body.",
            "GET /v2/health/live, /v2/health/ready, /v2/models/NAME and /healthz say that it is "
            "there, /metrics how it is used and, of a calibrated detector, what `nescio monitor` "
            "tells of its scores, in Prometheus' format.",
            "The address is the line on standard output. It listens on this machine alone unless "
            "host= says otherwise; it knows no users and no encryption, so put a proxy that does "
            "before it then. What is asked wrongly is answered with 4xx and a sentence. Ctrl-C or "
            "SIGTERM ends it with exit status 0, when what was begun is answered."},
       .examples = {"nescio serve knn50 port=8080",
                    "nescio serve knn50 model=resnet20:resnet20.th workers=4"},
       .options = {
           option(&Serve::detector,
                  {.name = "detector", .doc = "folder that `fit` wrote", .required = true}),
           option(&Serve::name, {.name = "name", .doc = "of the model; else that of the folder"}),
           option(&Serve::model, model_info()),
           option(&Serve::calibration,
                  {.name = "calibration", .doc = "name of a calibration; else the active one"}),
           option(&Serve::host, {.name = "host", .doc = "address to listen at"}),
           option(&Serve::port,
                  {.name = "port", .doc = "to listen at; 0: a free one", .min = 0, .max = 65535}),
           option(&Serve::workers,
                  {.name = "workers", .doc = "requests at a time", .min = 1, .max = 1024}),
           option(&Serve::max_body, {.name = "max_body",
                                     .doc = "largest body of a request",
                                     .unit = "bytes",
                                     .min = 1,
                                     .max = 1 << 30}),
           option(&Serve::timeout, {.name = "timeout",
                                    .doc = "to send a body, and for each read and write",
                                    .unit = "s",
                                    .min = 0.1,
                                    .max = 3600}),
           option(&Serve::window, {.name = "window",
                                   .doc = "the last rows, which /metrics tells of",
                                   .min = 1,
                                   .max = 1e7}),
           option(&Serve::false_alarms, false_alarms_info()),
           option(&Serve::device, device_info(),
                  {"model=", [](const Serve& s) { return !s.model.empty(); }})}});
}

}  // namespace nescio::cli::verbs
