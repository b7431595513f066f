// dlib's deep neural networks, on the CPU with OpenBLAS.

#include <dlib/dnn.h>
#include <dlib/revision.h>

#include <numeric>
#include <random>

#include "adapters/protocol.h"

namespace {

using Image = dlib::matrix<float>;
using Input = dlib::input<Image>;

// dlib pads convolutions by default; the other peers' ones are `valid`.
template <long channels, class Subnet>
using conv3 = dlib::add_layer<dlib::con_<channels, 3, 3, 1, 1, 0, 0>, Subnet>;
template <class Subnet>
using pool2 = dlib::max_pool<2, 2, 2, 2, Subnet>;
template <unsigned long outputs, class Subnet>
using dense_relu = dlib::relu<dlib::fc<outputs, Subnet>>;
template <class Subnet>
using classes = dlib::loss_multiclass_log<dlib::fc<10, Subnet>>;

template <int percent>
struct dropout_rate_ : dlib::dropout_ {
  dropout_rate_() : dlib::dropout_(percent / 100.0F) {}
};

// dlib's dropout drops whenever it runs: another network, with a factor in its place, answers.
template <int percent, class Subnet>
using dropout = dlib::add_layer<dropout_rate_<percent>, Subnet>;
template <int, class Subnet>
using kept_share = dlib::multiply<Subnet>;

struct Mlp128 {
  template <template <int, class> class drop>
  using Net = classes<drop<20, dense_relu<128, Input>>>;
};
struct Mlp512 {
  template <template <int, class> class drop>
  using Net = classes<drop<20, dense_relu<512, drop<20, dense_relu<512, Input>>>>>;
};
struct MnistConvnet {
  template <template <int, class> class drop>
  using Net = classes<drop<50, pool2<dlib::relu<conv3<64, pool2<dlib::relu<conv3<32, Input>>>>>>>>;
};
struct PytorchCnn {
  template <class Subnet>
  using Convolutions = pool2<dlib::relu<conv3<64, dlib::relu<conv3<32, Subnet>>>>>;
  template <template <int, class> class drop>
  using Net = classes<drop<50, dense_relu<128, drop<25, Convolutions<Input>>>>>;
};

std::vector<Image> as_matrices(const peers::Split& split) {
  std::vector<Image> images(static_cast<std::size_t>(split.num_images), Image(28, 28));
  for (std::size_t n = 0; n < images.size(); ++n)
    for (long i = 0; i < 784; ++i)
      images[n](i / 28, i % 28) =
          static_cast<float>(split.pixels[n * 784 + static_cast<std::size_t>(i)]) / 255.0F;
  return images;
}

template <class Case>
class DlibPeer {
 public:
  DlibPeer(const peers::Attributes& options, int batch_size)
      : batch_size_(static_cast<std::size_t>(batch_size)),
        images_(as_matrices(options.train)),
        test_images_(as_matrices(options.test)),
        labels_(options.train.labels.begin(), options.train.labels.end()),
        test_labels_(options.test.labels.begin(), options.test.labels.end()),
        order_(images_.size()),
        random_(options.seed),
        trainer_(net_, dlib::adam(0, 0.9F, 0.999F)) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    trainer_.set_learning_rate(1e-3);
    trainer_.set_learning_rate_shrink_factor(1);
  }

  void train_epoch() {
    std::shuffle(order_.begin(), order_.end(), random_);
    for (std::size_t first = 0; first < order_.size(); first += batch_size_) {
      batch_.clear();
      batch_labels_.clear();
      for (std::size_t i = first; i < std::min(order_.size(), first + batch_size_); ++i) {
        batch_.push_back(images_[order_[i]]);
        batch_labels_.push_back(labels_[order_[i]]);
      }
      trainer_.train_one_step(batch_, batch_labels_);
    }
    trainer_.get_net();  // Waits for the trainer's thread.
    changed_ = true;
  }

  double accuracy() {
    const auto found = answering()(test_images_, 500);
    std::size_t correct = 0;
    for (std::size_t i = 0; i < found.size(); ++i) correct += found[i] == test_labels_[i] ? 1 : 0;
    return static_cast<double>(correct) / static_cast<double>(found.size());
  }

  int classify_one(int index) {
    return static_cast<int>(answering()(test_images_[static_cast<std::size_t>(index)]));
  }

 private:
  using Net = typename Case::template Net<dropout>;
  using AnsweringNet = typename Case::template Net<kept_share>;

  AnsweringNet& answering() {
    if (changed_) answering_ = net_;
    changed_ = false;
    return answering_;
  }

  std::size_t batch_size_;
  std::vector<Image> images_, test_images_, batch_;
  std::vector<unsigned long> labels_, test_labels_, batch_labels_;
  std::vector<std::size_t> order_;
  std::mt19937 random_;
  Net net_;
  AnsweringNet answering_;
  bool changed_ = true;
  dlib::dnn_trainer<Net, dlib::adam> trainer_;
};

void run(const peers::Attributes& options) {
  if (options.case_name == "mlp-128") return peers::measure<DlibPeer<Mlp128>>(options);
  if (options.case_name == "mlp-512") return peers::measure<DlibPeer<Mlp512>>(options);
  if (options.case_name == "mnist_convnet") return peers::measure<DlibPeer<MnistConvnet>>(options);
  if (options.case_name == "pytorch-cnn") return peers::measure<DlibPeer<PytorchCnn>>(options);
  throw std::runtime_error("no such case: " + options.case_name);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string version = std::to_string(DLIB_MAJOR_VERSION) + "." +
                              std::to_string(DLIB_MINOR_VERSION) + "." +
                              std::to_string(DLIB_PATCH_VERSION);
  return peers::run_main(argc, argv, version, run);
}
