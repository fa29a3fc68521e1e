// nescio train and extract by processes that have torchrun's variables, set by hand.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "io/json_file.h"
#include "launched.h"

namespace nescio {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

/// A port that nobody has.
int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(socket, plain, size), 0);
  EXPECT_EQ(::getsockname(socket, plain, &size), 0);
  ::close(socket);
  return ::ntohs(address.sin_port);
}

class Torchrun : public Launched {
 protected:
  /// A shell's words that start one of them: `$rank` says which.
  static std::string one_of(int processes, const std::string& command) {
    return text("env RANK=$rank LOCAL_RANK=$rank LOCAL_WORLD_SIZE=", processes,
                " WORLD_SIZE=", processes, " MASTER_ADDR=127.0.0.1 MASTER_PORT=", free_port(),
                " '" NESCIO_PROGRAM "' ", command);
  }
  /// All of them at once; the status is that of the last one that fails.
  static std::string all_of(int processes, const std::string& command) {
    return text("code=0; pids=\nfor rank in $(seq 0 ", processes - 1, "); do ",
                one_of(processes, command),
                " & pids=\"$pids $!\"; done\n"
                "for pid in $pids; do wait $pid || code=$?; done\nexit $code\n");
  }
  /// Kills the second of two as soon as something lies in the folder `begun`: nobody ends the first one, which finds out
  /// for itself.
  void expect_an_end(const std::string& command, const std::string& begun) const {
    const auto [said, code] = shell(text(
        "for rank in 0 1; do ", one_of(2, command), " & pids[$rank]=$!; done\n",
        "while [ -z \"$(ls -A '", path(begun),
        "' 2>/dev/null)\" ]; do sleep 0.02; kill -0 ${pids[0]} || exit 9; done\n"
        "kill -KILL ${pids[1]}\n"
        "( sleep 30 && { echo 'still there after 30 s'; kill -KILL ${pids[0]}; } ) & guard=$!\n"
        "wait ${pids[0]}; code=$?\n"
        "pkill -P $guard; kill $guard\nexit $code\n"));
    EXPECT_EQ(code, 1) << said;
    EXPECT_THAT(said, HasSubstr("process 0 of 2: process 1 is gone"));
  }
};

TEST_F(Torchrun, TrainsAsOne) {
  const auto train = [&](const std::string& out, int parts) {
    return small_training(out, text("steps=50 accumulate=", parts));
  };
  const auto [one, status] = shell(by(1, train("one", 4)));
  ASSERT_EQ(status, 0) << one;
  for (const int processes : {2, 4}) {
    const std::string out = text("by", processes);
    const auto [said, code] = shell(all_of(processes, train(out, 4 / processes)));
    ASSERT_EQ(code, 0) << said;
    expect_same_weights("one", out);
    EXPECT_EQ(said.find("last.safetensors"), said.rfind("last.safetensors")) << said;
  }
}

TEST_F(Torchrun, ExtractsTheBitsOfOne) {
  ASSERT_EQ(shell(by(1, small_training("run", "steps=1"))).second, 0);
  const auto [one, status] = shell(by(1, small_extraction("one", 100)));
  ASSERT_EQ(status, 0) << one;
  const auto [said, code] = shell(all_of(3, small_extraction("bank", 100)));
  ASSERT_EQ(code, 0) << said;
  EXPECT_EQ(sums("bank"), sums("one"));
}

TEST_F(Torchrun, FitsAndScoresAsOne) {
  small_bank("bank", 3000);
  const std::string spec = "react+mean(vim,knn(k=20),gmm(components=3),openmax,relation)";
  const auto [one, status] = shell(by(1, fit(spec, "bank", "one")));
  ASSERT_EQ(status, 0) << one;
  ASSERT_EQ(shell(by(1, score("one", "bank", "scores"))).second, 0);
  const auto [said, code] = shell(all_of(3, fit(spec, "bank", "several")));
  ASSERT_EQ(code, 0) << said;
  expect_same_file("one/learned.safetensors", "several/learned.safetensors");
  const auto [scored, status_of_score] = shell(all_of(3, score("several", "bank", "by3")));
  ASSERT_EQ(status_of_score, 0) << scored;
  expect_same_file("scores/toy/test.npy", "by3/toy/test.npy");
}

TEST_F(Torchrun, RefuseToDoDifferentThingsTogether) {
  const auto refused = [&](const std::string& command, const std::string& why) {
    const auto [said, code] = shell(all_of(2, command));
    EXPECT_EQ(code, 1) << said;
    EXPECT_THAT(said, HasSubstr("process 1 of 2: " + why));
  };
  // The shell puts the rank there.
  refused(small_training("a", "steps=4 clip=$((rank + 1))"),
          "clip is '2', that of the first one is '1'");
  EXPECT_FALSE(fs::exists(path("a")));
  ASSERT_EQ(shell(by(1, small_training("run", "steps=2"))).second, 0);
  // Enough pictures for the halves of both to be equally many.
  std::string extraction = small_extraction("bank", 640);
  extraction.replace(extraction.find("batch=8"), 7, "batch=$((8 * (rank + 1)))");
  refused(extraction, "batch is '16', that of the first one is '8'");
  small_bank("bank0", 3000);
  small_bank("bank1", 3001);
  refused(fit("mahalanobis", "bank'$rank'", "detector"), "rows of toy/train is '3001'");
  ASSERT_EQ(shell(by(1, fit("knn(k=5)", "bank0", "det0"))).second, 0);
  ASSERT_EQ(shell(by(1, fit("energy", "bank0", "det1"))).second, 0);
  refused(score("det'$rank'", "bank0", "scores"), "the detector is ");
}

// Where the folder of a run is seen by one of them, the others would begin anew.
TEST_F(Torchrun, RefuseToGoOnFromACheckpointThatOneSees) {
  ASSERT_EQ(shell(by(1, small_training("own0", "steps=2"))).second, 0);
  const auto [said, code] =
      shell(all_of(2, small_training("own'$rank'", "steps=4 resume=changed")));
  EXPECT_EQ(code, 1) << said;
  EXPECT_THAT(said, HasSubstr("the last checkpoint is 'none', that of the first one is 'step 2'"));
}

TEST_F(Torchrun, EndWithOneThatIsKilled) {
  const std::string training = small_training("run", "steps=100000 checkpoint_every=2");
  expect_an_end(training, "run/checkpoints");
  const auto [resumed, status] = shell(until_a_checkpoint(
      by(1, small_training("run", "steps=100000 checkpoint_every=2 resume=changed"))));
  EXPECT_EQ(status, 130) << resumed;
}

TEST_F(Torchrun, EndTheScoringWithOneThatIsKilled) {
  small_bank("bank", 60'000);
  ASSERT_EQ(shell(by(1, fit("knn(k=1000)", "bank", "knn"))).second, 0);
  const std::string scoring = score("knn", "bank", "scores");
  expect_an_end(scoring, "scores/toy");
  EXPECT_EQ(shell(text("ls -A '", path("scores/toy"), "'")).first, "");
}

TEST_F(Torchrun, SaysWhatIsWrongWithItsVariables) {
  const auto [said, code] =
      shell("export RANK=2 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=5\n" +
            by(1, small_training("run", "steps=1")));
  EXPECT_EQ(code, 1);
  EXPECT_THAT(said, HasSubstr("RANK: expected a number from 0 to 1, found '2'"));
  // Alone, each would do all of it.
  for (const auto& [variables, why] :
       {std::pair("RANK=0 WORLD_SIZE=two MASTER_ADDR=127.0.0.1 MASTER_PORT=5",
                  "WORLD_SIZE: expected"),
        std::pair("RANK=1 WORLD_SIZE=1 MASTER_ADDR=127.0.0.1 MASTER_PORT=5", "RANK: expected"),
        std::pair("RANK=1 WORLD_SIZE=2 MASTER_PORT=5", "do not say where they meet"),
        std::pair("SLURM_STEP_NUM_TASKS=two", "SLURM_STEP_NUM_TASKS: expected a number")}) {
    const auto [refused, status] =
        shell(text("export ", variables, "\n", by(1, small_training("run", "steps=1"))));
    EXPECT_EQ(status, 1) << variables;
    EXPECT_THAT(refused, HasSubstr(why));
  }
}

TEST_F(Torchrun, AreInterruptedWhileTheyWaitForEachOther) {
  for (const int rank : {0, 1}) {
    const auto [said, code] = shell(text(
        "rank=", rank, "; ", one_of(2, small_training("run", "steps=1")), " & nescio=$!\n",
        "while ! grep -q libnescio_tcp /proc/$nescio/maps; do kill -0 $nescio || exit 9; done\n"
        "kill -INT $nescio\n"
        "( sleep 30 && kill -KILL $nescio ) & guard=$!\n"
        "wait $nescio; code=$?\npkill -P $guard; kill $guard\nexit $code\n"));
    EXPECT_EQ(code, 130) << rank << said;
  }
}

TEST_F(Torchrun, SayThatTheyAreNotAsMany) {
  const std::string first = one_of(2, small_training("run", "steps=1"));
  std::string second = first;
  second.replace(second.find("WORLD_SIZE=2", second.find("LOCAL_WORLD_SIZE") + 16), 12,
                 "WORLD_SIZE=3");
  const auto [said, code] = shell(text("rank=0; ", first, " & nescio=$!\nrank=1; ", second,
                                       "; code=$?\nkill -KILL $nescio\nexit $code\n"));
  EXPECT_EQ(code, 1) << said;
  EXPECT_THAT(said, HasSubstr("WORLD_SIZE is 3 here and 2 in the process of rank 0"));
}

}  // namespace
}  // namespace nescio
