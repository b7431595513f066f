"""Layers, optimizers and schedules have the options and the defaults of the C++ library."""

import pickle

import numpy as np
import pytest

import digitry
from digitry import _core, layers, optimizers
from digitry._options import Options

# What a recipe has to name.
NEEDED = {
    "Dense": {"out_features": 4},
    "Conv2d": {"out_channels": 4},
    "Dropout": {"rate": 0.5},
    "SpatialDropout": {"rate": 0.5},
    "Crop2d": {"border": 1},
    "Add": {"layers_back": 2},
}


def types(module, base):
    return [t for t in vars(module).values() if isinstance(t, type) and issubclass(t, base) and t is not base]


@pytest.mark.parametrize("layer_type", types(layers, layers.Layer))
def test_defaults_of_layers(layer_type):
    """A model file stores every option: those that the C++ library fills in are those of Python."""
    needed = NEEDED.get(layer_type.__name__, {})
    layer = layer_type(**needed)
    if layer_type is layers.Add:
        around = [{"type": "relu"}, {"type": "relu"}, {"type": layer.type_name, **needed}, {"type": "flatten"}]
    elif layer_type is layers.Dense:
        around = [{"type": "flatten"}, {"type": layer.type_name, **needed}]
    else:
        around = [{"type": layer.type_name, **needed}, {"type": "flatten"}]
        if layer_type is layers.GlobalAvgPool2d:
            around.pop()
    filled = _core.filled_in_layers([*around, {"type": "dense", "out_features": 2}], (1, 8, 8))
    mine = next(attributes for attributes in filled if attributes["type"] == layer.type_name)
    assert mine == pytest.approx(layer.attributes())


@pytest.mark.parametrize("option_type", types(optimizers, Options))
def test_defaults_of_optimizers_and_schedules(option_type):
    if option_type in (optimizers.Optimizer, optimizers.Schedule):
        return
    option = option_type()
    filled_in = _core.filled_in_optimizer if isinstance(option, optimizers.Optimizer) else _core.filled_in_schedule
    filled = filled_in({"type": option.type_name})
    assert filled.pop("type") == option.type_name
    assert filled == pytest.approx({key: value for key, value in option.attributes().items() if key != "type"})


def test_options_are_values():
    assert digitry.Dense(3) == digitry.Dense(3) != digitry.Dense(4)
    assert len({digitry.Relu(), digitry.Relu(), digitry.Tanh()}) == 2
    assert repr(digitry.Dense(3)) == "Dense(out_features=3, bias=True)"
    assert pickle.loads(pickle.dumps(digitry.Adam(0.5))) == digitry.Adam(0.5)
    with pytest.raises(AttributeError, match="cannot assign to field"):
        digitry.Dense(3).out_features = 4
    with pytest.raises(TypeError):
        digitry.Dense(3, colour="red")


def test_networks_survive_pickling(trained, x):
    again = pickle.loads(pickle.dumps(trained))
    assert repr(again) == repr(trained)
    assert np.array_equal(again.predict(x), trained.predict(x))


def test_network_of_a_recipe():
    network = digitry.Network.from_recipe("notebook")
    assert network.layers == [
        digitry.Flatten(),
        digitry.Dense(128),
        digitry.Relu(),
        digitry.Dropout(0.05),
        digitry.Dense("classes"),
    ]
