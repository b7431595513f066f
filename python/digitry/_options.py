"""What layers, optimizers and the like have in common: named options, fixed once made."""

from __future__ import annotations

from typing import Any, ClassVar

from digitry._errors import DataError

Value = int | float | bool | str


class Options:
    """Options of one type. Equal if type and options are; they do not change."""

    type_name: ClassVar[str]
    _kinds: ClassVar[dict[type[Options], dict[str, type[Options]]]] = {}
    _options: dict[str, Value]

    def __init__(self) -> None:
        self._set()

    def _set(self, **options: Value) -> None:
        self.__dict__["_options"] = options
        self.__dict__.update(options)

    def __init_subclass__(cls, kind: bool = False) -> None:
        if kind:
            Options._kinds[cls] = {}
            return
        for base, types in Options._kinds.items():
            if issubclass(cls, base):
                types[cls.type_name] = cls

    def attributes(self) -> dict[str, Value]:
        """The options with their ``type``, as in a recipe."""
        return {"type": self.type_name, **self._options}

    @classmethod
    def _from_attributes(cls, attributes: dict[str, Value]) -> Any:
        options = dict(attributes)
        name = str(options.pop("type"))
        if name not in Options._kinds[cls]:
            raise DataError(f"{cls.__name__}: expected a type of {', '.join(Options._kinds[cls])}, got {name}")
        return Options._kinds[cls][name](**options)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} does not change; make another one")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Options) and self.attributes() == other.attributes()

    def __hash__(self) -> int:
        return hash(tuple(self.attributes().items()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in self._options.items())})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _make, (type(self), self._options)


def _make(cls: type[Options], options: dict[str, Value]) -> Options:
    return cls(**options)
