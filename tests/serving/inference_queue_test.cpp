#include "digitry/serving/inference/inference_queue.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>

#include "digitry/base/error.h"
#include "tests/serving/served.h"
#include "tests/support/errors.h"
#include "tests/support/near.h"

namespace digitry::serving::test {
namespace {

using digitry::test::expect_error;
using ::testing::ElementsAre;

// Records the metrics.
class BatchSizes : public ModelMetrics {
 public:
  void computed(std::int64_t num_images, double /*seconds*/) override {
    const std::lock_guard lock(mutex_);
    sizes_.push_back(num_images);
  }
  void waited(double /*seconds*/) override {}
  void set_queued(std::int64_t /*num_requests*/) override {}
  void rejected() override { ++num_rejected; }
  void reloaded(bool /*succeeded*/) override {}

  std::vector<std::int64_t> sizes() {
    const std::lock_guard lock(mutex_);
    return sizes_;
  }
  std::atomic<int> num_rejected = 0;

 private:
  std::mutex mutex_;
  std::vector<std::int64_t> sizes_;
};

// Waits for an answer.
struct Answer {
  std::shared_ptr<std::promise<Tensor>> promise = std::make_shared<std::promise<Tensor>>();
  std::future<Tensor> future = promise->get_future();

  InferenceQueue::Done done() const {
    return [promise = promise](Tensor logits, const std::exception_ptr& failure) {
      if (failure)
        promise->set_exception(failure);
      else
        promise->set_value(std::move(logits));
    };
  }
};

class InferenceQueueTest : public testing::Test {
 protected:
  // Submits an image that occupies the only worker until `go` is set.
  void occupy(InferenceQueue& queue) {
    queue_thread_ = std::thread([&] {
      queue.submit(model_, small_images(1), [this](const Tensor&, const std::exception_ptr&) {
        occupied_.set_value();
        go_.get_future().wait();
      });
    });
    occupied_.get_future().wait();
  }
  void release() {
    go_.set_value();
    queue_thread_.join();
  }

  void expect_logits(Answer& answer, const Tensor& images) const {
    const Tensor got = answer.future.get();
    const Tensor want = model_->classifier().logits(images);
    EXPECT_EQ(got.shape(), want.shape());
    digitry::test::expect_near(got.as<float>(), want.as<float>(), 1e-5, 1e-5);
  }

  const std::shared_ptr<const ServedModel> model_ =
      std::make_shared<ServedModel>(digitry::test::small_model());
  BatchSizes metrics_;

 private:
  std::thread queue_thread_;
  std::promise<void> occupied_;
  std::promise<void> go_;
};

TEST_F(InferenceQueueTest, ComputesALoneRequestInTheThreadThatBringsIt) {
  InferenceQueue queue({}, metrics_);
  std::thread::id thread;
  queue.submit(model_, small_images(1), [&](const Tensor&, const std::exception_ptr&) {
    thread = std::this_thread::get_id();
  });
  EXPECT_EQ(thread, std::this_thread::get_id());
}

// The thread that brings it serves other connections, too. Eight images of this model take longer
// than 0.1 ms on every processor.
TEST_F(InferenceQueueTest, LeavesALongRequestToAWorker) {
  const auto slow = std::make_shared<ServedModel>(shipped_model("cnn-best"));
  std::promise<std::thread::id> thread;
  InferenceQueue queue({}, metrics_);
  queue.submit(slow, Tensor(Shape{8, 1, 28, 28}, DType::kU8),
               [&](const Tensor&, const std::exception_ptr&) {
                 thread.set_value(std::this_thread::get_id());
               });
  EXPECT_NE(thread.get_future().get(), std::this_thread::get_id());
}

TEST_F(InferenceQueueTest, ComputesTogetherWhatWaits) {
  std::vector<Answer> answers(5);
  {
    InferenceQueue queue({}, metrics_);
    occupy(queue);
    for (std::size_t i = 0; i < answers.size(); ++i)
      queue.submit(model_,
                   small_images(static_cast<std::int64_t>(i) + 1, static_cast<std::uint32_t>(i)),
                   answers[i].done());
    release();
  }
  EXPECT_THAT(metrics_.sizes(), ElementsAre(1, 15));
  for (std::size_t i = 0; i < answers.size(); ++i)
    expect_logits(answers[i],
                  small_images(static_cast<std::int64_t>(i) + 1, static_cast<std::uint32_t>(i)));
}

TEST_F(InferenceQueueTest, PutsTogetherOnlyWhatBelongsTogether) {
  const auto other = std::make_shared<ServedModel>(digitry::test::small_model());
  Tensor floats(Shape{1, 1, 4, 4}, DType::kF32);
  std::vector<Answer> answers(4);
  {
    InferenceQueue queue({}, metrics_);
    occupy(queue);
    queue.submit(model_, small_images(2), answers[0].done());
    queue.submit(other, small_images(3), answers[1].done());
    queue.submit(other, floats.clone(), answers[2].done());
    queue.submit(other, small_images(100), answers[3].done());
    release();
  }
  EXPECT_THAT(metrics_.sizes(), ElementsAre(1, 2, 3, 1, 100));
  expect_logits(answers[2], floats);
  expect_logits(answers[3], small_images(100));
}

TEST_F(InferenceQueueTest, RefusesMoreThanItHasRoomFor) {
  std::vector<Answer> answers(3);
  InferenceQueue queue({.max_queued = 2}, metrics_);
  occupy(queue);
  queue.submit(model_, small_images(1), answers[0].done());
  queue.submit(model_, small_images(1), answers[1].done());
  expect_error(ErrorCode::kUnavailable, {"2 requests are waiting"},
               [&] { queue.submit(model_, small_images(1), answers[2].done()); });
  EXPECT_EQ(metrics_.num_rejected, 1);
  release();
  expect_logits(answers[0], small_images(1));
  expect_logits(answers[1], small_images(1));
}

TEST_F(InferenceQueueTest, RefusesMoreBytesThanItHasRoomFor) {
  std::vector<Answer> answers(3);
  InferenceQueue queue({.max_queued_bytes = 100}, metrics_);
  occupy(queue);
  queue.submit(model_, small_images(20), answers[0].done());  // 320 bytes: one may be larger
  expect_error(ErrorCode::kUnavailable, {"1 requests are waiting"},
               [&] { queue.submit(model_, small_images(1), answers[1].done()); });
  release();
  expect_logits(answers[0], small_images(20));
}

TEST_F(InferenceQueueTest, GivesUpWhatHasWaitedTooLong) {
  Answer answer;
  InferenceQueue queue({.timeout = std::chrono::milliseconds(5)}, metrics_);
  occupy(queue);
  queue.submit(model_, small_images(1), answer.done());
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  release();
  expect_error(ErrorCode::kUnavailable, {"timed out after"}, [&] { answer.future.get(); });
}

TEST_F(InferenceQueueTest, WaitsForCompanyWhereToldTo) {
  std::vector<Answer> answers(kMaxImagesAtOnce);
  InferenceQueue queue({.max_delay = std::chrono::microseconds(60'000'000)}, metrics_);
  for (Answer& answer : answers) queue.submit(model_, small_images(1), answer.done());
  for (Answer& answer : answers) expect_logits(answer, small_images(1));
  EXPECT_THAT(metrics_.sizes(), ElementsAre(kMaxImagesAtOnce)) << "a full batch waits no longer";
}

TEST_F(InferenceQueueTest, WaitsNoLongerThanToldTo) {
  Answer answer;
  InferenceQueue queue({.max_delay = std::chrono::microseconds(1000)}, metrics_);
  queue.submit(model_, small_images(3), answer.done());
  expect_logits(answer, small_images(3));
}

TEST_F(InferenceQueueTest, TellsWhatGoesWrong) {
  Answer answer;
  InferenceQueue queue({}, metrics_);
  queue.submit(model_, Tensor(Shape{1, 1, 5, 5}, DType::kU8), answer.done());
  expect_error(ErrorCode::kShapeMismatch, {"[1,4,4]"}, [&] { answer.future.get(); });
}

TEST_F(InferenceQueueTest, ManyThreadsGetTheirOwnAnswers) {
  InferenceQueue queue({.num_workers = 2}, metrics_);
  std::vector<std::thread> threads;
  for (std::uint32_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::uint32_t i = 0; i < 50; ++i) {
        Answer answer;
        const Tensor images = small_images(1 + i % 3, 100 * t + i);
        queue.submit(model_, images.clone(), answer.done());
        expect_logits(answer, images);
      }
    });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace digitry::serving::test
