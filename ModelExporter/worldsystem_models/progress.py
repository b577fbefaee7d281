"""What is being done, for whoever waits: a bar on a terminal, else lines."""

import sys
import time

WIDTH = 24


class Progress:
    def __init__(self, title: str, total: int):
        self.title, self.total, self.done = title, total, 0
        self.start = time.monotonic()
        self.is_terminal = sys.stderr.isatty()

    def begin(self, step: str) -> None:
        """Says what comes next."""
        self._show(step)

    def finish(self) -> None:
        """One more step is done."""
        self.done += 1
        if self.is_terminal and self.done == self.total:
            self._show("done")
            print(file=sys.stderr)

    def _show(self, step: str) -> None:
        seconds = time.monotonic() - self.start
        if not self.is_terminal:
            print(f"{self.title}: {self.done}/{self.total} {step} ({seconds:.0f} s)", file=sys.stderr, flush=True)
            return
        filled = WIDTH * self.done // max(1, self.total)
        bar = "█" * filled + "░" * (WIDTH - filled)
        print(f"\r\x1b[K{self.title} {bar} {self.done}/{self.total} {step} ({seconds:.0f} s)", end="", file=sys.stderr,
              flush=True)
