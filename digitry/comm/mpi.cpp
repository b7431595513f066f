#include "digitry/comm/mpi.h"

#define OMPI_SKIP_MPICXX 1
#include <mpi.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <thread>

#include "digitry/comm/worker_thread.h"

namespace digitry {
namespace {

using Clock = std::chrono::steady_clock;

// MPI counts elements in an int.
constexpr std::size_t kMaxCount = std::size_t{1} << 30;

MPI_Datatype type_of(const float* /*values*/) { return MPI_FLOAT; }
MPI_Datatype type_of(const double* /*values*/) { return MPI_DOUBLE; }

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

// Errors of MPI end all ranks with a message (MPI_ERRORS_ARE_FATAL, MPI's default), because the
// standard does not define what works after one. So no result is checked here.
template <typename Base>
class MpiRanks : public Base {
 public:
  MpiRanks(WorkerThread& thread, MPI_Comm ranks) : thread_(thread), ranks_(ranks) {
    thread_.run([&] {
      MPI_Comm_rank(ranks_, &rank_);
      MPI_Comm_size(ranks_, &size_);
    });
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  std::string host() const override { return host_name(); }

  void start_sum(std::span<float> values) override { start(values); }
  void start_sum(std::span<double> values) override { start(values); }
  void finish_sums() override { thread_.wait(); }

  std::vector<std::string> gather(std::string_view text) override {
    std::vector<std::string> texts;
    thread_.run([&] { texts = gather_here(text); });
    return texts;
  }

 protected:
  MPI_Comm communicator() const { return ranks_; }
  WorkerThread& thread() { return thread_; }

 private:
  template <typename T>
  void start(std::span<T> values) {
    thread_.start([this, values] {
      for (std::size_t first = 0; first < values.size(); first += kMaxCount)
        MPI_Allreduce(MPI_IN_PLACE, values.data() + first,
                      static_cast<int>(std::min(kMaxCount, values.size() - first)),
                      type_of(values.data()), MPI_SUM, ranks_);
    });
  }

  // One broadcast per rank and piece: texts may be longer than MPI's counts reach.
  std::vector<std::string> gather_here(std::string_view text) {
    std::uint64_t own = text.size();
    std::vector<std::uint64_t> sizes(static_cast<std::size_t>(size_));
    MPI_Allgather(&own, 1, MPI_UINT64_T, sizes.data(), 1, MPI_UINT64_T, ranks_);
    std::vector<std::string> texts(sizes.size());
    for (int root = 0; root < size_; ++root) {
      std::string& to = texts[static_cast<std::size_t>(root)];
      to.resize(sizes[static_cast<std::size_t>(root)]);
      if (root == rank_) to = text;
      for (std::size_t first = 0; first < to.size(); first += kMaxCount)
        MPI_Bcast(to.data() + first, static_cast<int>(std::min(kMaxCount, to.size() - first)),
                  MPI_CHAR, root, ranks_);
    }
    return texts;
  }

  WorkerThread& thread_;
  MPI_Comm ranks_;
  int rank_ = 0;
  int size_ = 1;
};

class Group : public MpiRanks<Communicator> {
 public:
  using MpiRanks::MpiRanks;
  ~Group() override {
    thread().run([ranks = communicator()]() mutable { MPI_Comm_free(&ranks); });
  }
};

// Holds the thread before the base class uses it.
struct ThreadHolder {
  std::unique_ptr<WorkerThread> thread;
};

class World : private ThreadHolder, public MpiRanks<MpiCommunicator> {
 public:
  explicit World(std::unique_ptr<WorkerThread> started)
      : ThreadHolder{std::move(started)}, MpiRanks(*ThreadHolder::thread, MPI_COMM_WORLD) {}
  ~World() override {
    if (!finished_) end_all_ranks(EXIT_FAILURE);
  }

  std::unique_ptr<Communicator> split(int group) override {
    MPI_Comm part = MPI_COMM_NULL;
    MpiRanks::thread().run([&] { MPI_Comm_split(communicator(), group, rank(), &part); });
    return std::make_unique<Group>(MpiRanks::thread(), part);
  }

  bool wait_for_all(double timeout_seconds) override {
    bool all_here = false;
    MpiRanks::thread().run([&] { all_here = wait_here(timeout_seconds); });
    return all_here;
  }

  bool finish(double timeout_seconds) override {
    MpiRanks::thread().run([&] {
      if (!wait_here(timeout_seconds)) return;
      MPI_Finalize();
      finished_ = true;
    });
    return finished_;
  }

  void end_all_ranks(int exit_status) override {
    MpiRanks::thread().run([&] { MPI_Abort(communicator(), exit_status); });
    std::_Exit(exit_status);
  }

 private:
  bool wait_here(double timeout_seconds) {
    MPI_Request barrier = MPI_REQUEST_NULL;
    MPI_Ibarrier(communicator(), &barrier);
    const Clock::time_point start = Clock::now();
    int all_here = 0;
    MPI_Test(&barrier, &all_here, MPI_STATUS_IGNORE);
    while (all_here == 0) {
      if (timeout_seconds >= 0 &&
          std::chrono::duration<double>(Clock::now() - start).count() > timeout_seconds)
        return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      MPI_Test(&barrier, &all_here, MPI_STATUS_IGNORE);
    }
    return true;
  }

  bool finished_ = false;
};

}  // namespace

std::unique_ptr<MpiCommunicator> connect_by_mpi() {
  auto thread = std::make_unique<WorkerThread>();
  int initialized = 0;
  int support = MPI_THREAD_SINGLE;
  thread->run([&] {
    MPI_Initialized(&initialized);
    if (initialized == 0) MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &support);
  });
  if (initialized != 0)
    throw Error(ErrorCode::kUnavailable, "MPI was initialized already: connect_by_mpi once");
  if (support < MPI_THREAD_FUNNELED)
    throw Error(ErrorCode::kUnavailable,
                "expected an MPI that supports threads, found one without");
  return std::make_unique<World>(std::move(thread));
}

}  // namespace digitry
