// LibTorch: PyTorch's C++ library, the very one that the Python package is built on.

#include <torch/torch.h>

#include "adapters/protocol.h"

namespace {

namespace nn = torch::nn;

nn::Conv2d conv3(int in, int out) { return nn::Conv2d(nn::Conv2dOptions(in, out, 3)); }
nn::MaxPool2d pool2() { return nn::MaxPool2d(nn::MaxPool2dOptions(2)); }

nn::Sequential make_network(const std::string& name) {
  using nn::Dropout, nn::Flatten, nn::Linear, nn::ReLU, nn::Sequential;
  if (name == "mlp-128")
    return Sequential(Flatten(), Linear(784, 128), ReLU(), Dropout(0.2), Linear(128, 10));
  if (name == "mlp-512")
    return Sequential(Flatten(), Linear(784, 512), ReLU(), Dropout(0.2), Linear(512, 512), ReLU(),
                      Dropout(0.2), Linear(512, 10));
  if (name == "mnist_convnet")
    return Sequential(conv3(1, 32), ReLU(), pool2(), conv3(32, 64), ReLU(), pool2(), Flatten(),
                      Dropout(0.5), Linear(1600, 10));
  if (name == "pytorch-cnn")
    return Sequential(conv3(1, 32), ReLU(), conv3(32, 64), ReLU(), pool2(), Dropout(0.25),
                      Flatten(), Linear(9216, 128), ReLU(), Dropout(0.5), Linear(128, 10));
  throw std::runtime_error("no such case: " + name);
}

torch::Tensor images_of(const peers::Split& split) {
  return torch::tensor(at::ArrayRef<unsigned char>(split.pixels))
      .to(torch::kFloat32)
      .div(255)
      .view({split.num_images, 1, 28, 28});
}

torch::Tensor labels_of(const peers::Split& split) {
  return torch::tensor(at::ArrayRef<unsigned char>(split.labels)).to(torch::kInt64);
}

class TorchPeer {
 public:
  TorchPeer(const peers::Attributes& options, int batch_size)
      : batch_size_(batch_size),
        images_(images_of(options.train)),
        labels_(labels_of(options.train)),
        test_images_(images_of(options.test)),
        test_labels_(labels_of(options.test)),
        network_((torch::manual_seed(options.seed), make_network(options.case_name))),
        optimizer_(network_->parameters(), torch::optim::AdamOptions(1e-3)) {
    for (auto& parameter : network_->parameters())
      if (parameter.dim() == 4)
        parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
  }

  void train_epoch() {
    network_->train();
    for (const auto& indices : torch::randperm(labels_.size(0)).split(batch_size_)) {
      optimizer_.zero_grad();
      const auto logits = network_->forward(images_.index_select(0, indices));
      nn::functional::cross_entropy(logits, labels_.index_select(0, indices)).backward();
      optimizer_.step();
    }
  }

  double accuracy() {
    const torch::InferenceMode guard;
    network_->eval();
    std::vector<torch::Tensor> parts;
    for (const auto& images : test_images_.split(1000))
      parts.push_back(network_->forward(images).argmax(1));
    return torch::cat(parts).eq(test_labels_).to(torch::kFloat64).mean().item<double>();
  }

  int classify_one(int index) {
    const torch::InferenceMode guard;
    return network_->forward(test_images_.narrow(0, index, 1)).argmax(1).item<int>();
  }

 private:
  std::int64_t batch_size_;
  torch::Tensor images_, labels_, test_images_, test_labels_;
  nn::Sequential network_;
  torch::optim::Adam optimizer_;
};

}  // namespace

int main(int argc, char** argv) {
  return peers::run_main(argc, argv, TORCH_VERSION, [](const peers::Attributes& options) {
    torch::set_num_threads(options.threads);
    peers::measure<TorchPeer>(options);
  });
}
