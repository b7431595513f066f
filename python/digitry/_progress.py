"""Progress: a line that changes, on a terminal and in a notebook, and lines that stay: one per epoch or trial."""

from __future__ import annotations

import importlib
import sys
from types import TracebackType
from typing import Any

from digitry._core import EpochRecord, TrainingProgress


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"


class Progress:
    """Shows progress if ``shown``; by default on a terminal and in a notebook, not in a log file."""

    def __init__(self, shown: bool | None) -> None:
        self._notebook = _in_notebook()
        terminal = sys.stderr is not None and sys.stderr.isatty()
        self._shown = (self._notebook or terminal) if shown is None else shown
        self._changing = self._shown and (self._notebook or terminal)
        self._display: Any = None
        self._lines: list[str] = []
        self._line = ""

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._line:
            self._change("")

    def step(self, progress: TrainingProgress, title: str = "") -> None:
        """After some steps of an epoch."""
        if not self._changing:
            return
        done = progress.step_in_epoch / max(progress.steps_per_epoch, 1)
        bar = "█" * int(20 * done)
        self._change(
            f"{title}epoch {progress.epoch}/{progress.num_epochs} {bar:░<20} {done:4.0%}  loss {progress.loss:.4f}  "
            f"accuracy {progress.accuracy:.2%}  {progress.seconds_left:.0f} s left"
        )

    def epoch(self, record: EpochRecord, num_epochs: int) -> None:
        """After an epoch."""
        line = f"epoch {record.epoch}/{num_epochs}  loss {record.loss:.4f}  accuracy {record.accuracy:.2%}"
        if record.val_loss is not None and record.val_accuracy is not None:
            line += f"  validation loss {record.val_loss:.4f}  accuracy {record.val_accuracy:.2%}"
        self.line(f"{line}  {record.elapsed_seconds:.1f} s")

    def line(self, line: str) -> None:
        """A line that stays."""
        if not self._shown:
            return
        if self._notebook:
            self._lines.append(line)
            self._change("")
            return
        if self._line:
            self._change("")
        print(line, file=sys.stderr)

    def _change(self, line: str) -> None:
        if self._notebook:
            text = "\n".join([*self._lines, *([line] if line else [])])
            content = {"text/plain": text}
            ipython = importlib.import_module("IPython.display")
            if self._display is None:
                self._display = ipython.display(content, raw=True, display_id=True)
            elif line != self._line or not line:
                ipython.update_display(content, raw=True, display_id=self._display.display_id)
        else:
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()
        self._line = line
