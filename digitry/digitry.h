#pragma once

// The headers that a program needs to train, evaluate and use a digit classifier. The components
// (digitry::fetch, digitry::mpi, digitry::report, digitry::serving, digitry::tuning,
// digitry::vision) have their own headers.

#include "digitry/augment/augment.h"
#include "digitry/base/error.h"
#include "digitry/base/parallel.h"
#include "digitry/base/random.h"
#include "digitry/data/dataset.h"
#include "digitry/data/split.h"
#include "digitry/evaluation/evaluate.h"
#include "digitry/evaluation/evaluation_text.h"
#include "digitry/kernels/softmax_cross_entropy.h"
#include "digitry/model_io/classifier.h"
#include "digitry/model_io/model.h"
#include "digitry/nn/custom_layer.h"
#include "digitry/nn/layers.h"
#include "digitry/nn/network.h"
#include "digitry/nn/plan/plan.h"
#include "digitry/nn/plan/session.h"
#include "digitry/optim/optimizer.h"
#include "digitry/optim/schedule.h"
#include "digitry/tensor/tensor.h"
#include "digitry/training/fit.h"
#include "digitry/training/recipe.h"
