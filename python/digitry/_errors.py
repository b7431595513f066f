"""The exceptions of Digitry. Each is also a fitting built-in exception; the messages are the command's."""


class Error(Exception):
    """Any error of Digitry."""


class ArgumentError(Error, ValueError):
    """A value is outside its documented range."""


class ShapeError(Error, ValueError):
    """Shapes do not fit together."""


class DataError(Error, ValueError):
    """Input (data set, model, recipe, image, array) breaks the rules of its format."""


class FileError(Error, OSError):
    """The operating system reported an error: disk full, read-only folder, ..."""


class UnavailableError(Error, RuntimeError):
    """A network, a program or a feature of the processor that is needed is missing."""


class DivergedError(Error, ArithmeticError):
    """Training reached a loss that is not finite."""


class InterruptedError(Error, RuntimeError):  # its name in the C++ library
    """Something asked to stop."""
