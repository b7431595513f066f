"""What layers, optimizers and schedules have in common: frozen dataclasses whose fields are the options of a recipe."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from digitry._errors import DataError

Value = int | float | bool | str


def checked_callbacks(callbacks: Iterable[Callable[[Any], object]], argument: str) -> list[Callable[[Any], object]]:
    """The callbacks as a list, if they can be called."""
    functions = list(callbacks)
    for function in functions:
        if not callable(function):
            raise TypeError(f"callbacks: expected functions of {argument}, got {function!r}")
    return functions


class Options:
    """Options of one type. Subclasses are frozen dataclasses; those with ``kind=True`` name a family of types."""

    type_name: ClassVar[str]
    _kinds: ClassVar[dict[type[Options], dict[str, type[Options]]]] = {}

    def __init_subclass__(cls, kind: bool = False) -> None:
        if kind:
            Options._kinds[cls] = {}
            return
        for base, types in Options._kinds.items():
            if issubclass(cls, base):
                types[cls.type_name] = cls

    def attributes(self) -> dict[str, Value]:
        """The options with their ``type``, as in a recipe."""
        return {"type": self.type_name, **vars(self)}

    @classmethod
    def types(cls) -> list[type[Options]]:
        """The types of this kind."""
        return list(Options._kinds[cls].values())

    @classmethod
    def _from_attributes(cls, attributes: dict[str, Value]) -> Any:
        options = dict(attributes)
        name = str(options.pop("type"))
        if name not in Options._kinds[cls]:
            raise DataError(f"{cls.__name__}: expected a type of {', '.join(Options._kinds[cls])}, got {name}")
        return Options._kinds[cls][name](**options)


def attributes_of(name: str, options: object, kind: type[Options]) -> dict[str, Value]:
    """The attributes of an argument, if it is of the kind."""
    if not isinstance(options, kind):
        raise TypeError(f"{name}: expected one of {', '.join(t.__name__ for t in kind.types())}, got {options!r}")
    return options.attributes()
