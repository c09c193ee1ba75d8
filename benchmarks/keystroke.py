"""How long it takes from a keystroke to the diagnostics: through the language server's standard input and output.

Usage: python benchmarks/keystroke.py [FILE ...] [--keys N] [--budget MS]

Without a FILE: a module of 1,000 lines that is made up. For each, N characters are typed into the middle of a function,
one after the other, each after the diagnostics of the one before; the debouncing of the server (10 ms) is part of the
time. Prints the median and the 95th percentile in milliseconds, and the server's CPU time for a keystroke, which does not
depend on what else the machine does (Linux). Ends with status 1 where the median is over budget.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

HEAD = """\
from typing import Dict, List, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

"""
BLOCK = '''
class Block{n}(nn.Module):
    """A block of a made-up network."""

    def __init__(self, width: int = 64, heads: int = 4, rate: float = 0.1, bias: bool = True):
        super().__init__()
        self.width, self.heads = width, heads
        self.scale = (width // heads) ** -0.5
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=bias)
        self.out = nn.Linear(width, width)
        self.drop = nn.Dropout(rate)
        self.layers = nn.ModuleList([nn.Linear(width, width) for _ in range(3)])
        self.cache: Optional[Tensor] = None

    def attend(self, x: Tensor, mask: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        batch, length, width = x.shape
        qkv = self.qkv(self.norm(x)).reshape(batch, length, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        weights = (q @ k.transpose(-2, -1)) * self.scale
        if mask is not None:
            weights = weights.masked_fill(mask == 0, float("-inf"))
        weights = weights.softmax(dim=-1)
        mixed = (self.drop(weights) @ v).transpose(1, 2).reshape(batch, length, width)
        return self.out(mixed), weights

    def forward(self, x: Tensor, mask: Optional[Tensor] = None) -> Tensor:
        attended, weights = self.attend(x, mask)
        x = x + self.drop(attended)
        sizes: List[int] = []
        for layer in self.layers:
            y = F.gelu(layer(x))
            sizes.append(y.size(-1))
            x = x + y
        if self.training and weights.numel() > 0:
            x = x * (1.0 + float(len(sizes)))
        return summary{n}(x, {{"all": sizes}})


def summary{n}(x: Tensor, sizes: Dict[str, List[int]]) -> Tensor:
    total = 0
    for name, values in sizes.items():
        for value in values:
            total += value
    return x / max(total, 1)

'''
WRONG = """
class Wrong(nn.Module):
    def forward(self, x):
        total = 0
        for i in range(3):
            total = total + 0.5
        return x + total + nowhere
"""


def made_up(lines: int = 1000) -> str:
    """A module of so many lines, with two findings in its last class."""
    text, number = HEAD, 0
    while text.count("\n") + BLOCK.count("\n") + WRONG.count("\n") <= lines:
        text += BLOCK.format(n=number)
        number += 1
    text += "#\n" * (lines - text.count("\n") - WRONG.count("\n"))
    return text + WRONG


def cpu_of(process: int) -> float:
    """The CPU time of a process so far, in milliseconds; 0 where there is no telling."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


async def measure(path: Path, keys: int) -> tuple[list[float], int, float, float]:
    """Milliseconds of each keystroke, the number of findings, the milliseconds from the opening of the file to its first
    diagnostics, the server's start-up not included, and those of the server's CPU for a keystroke."""
    client = LanguageClient("keystroke", "1")
    arrived: asyncio.Queue[tuple[float, lsp.PublishDiagnosticsParams]] = asyncio.Queue()

    @client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def received(params: lsp.PublishDiagnosticsParams) -> None:
        if params.uri == path.as_uri():
            arrived.put_nowait((time.perf_counter(), params))

    await client.start_io(sys.executable, "-m", "jitlint", "server")
    root = path.parent.as_uri()
    await client.initialize_async(lsp.InitializeParams(capabilities=lsp.ClientCapabilities(), root_uri=root))
    client.initialized(lsp.InitializedParams())
    text = path.read_text(encoding="utf-8")
    started = time.perf_counter()
    item = lsp.TextDocumentItem(path.as_uri(), "python", 0, text)
    client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
    at, first = await asyncio.wait_for(arrived.get(), 120)
    opening = (at - started) * 1000

    # A new statement in the middle of some function in the middle of the file: `typed = 1234...`
    lines = text.split("\n")
    middle = next(n for n in range(len(lines) // 2, len(lines)) if lines[n].lstrip().startswith("return "))
    times = []
    server = client._server  # pygls has no public name for it
    before = cpu_of(server.pid) if server is not None else 0.0
    typed = "typed = 1"
    indent = lines[middle][: len(lines[middle]) - len(lines[middle].lstrip())]
    for number in range(keys):
        typed += str(number % 10)
        changed = "\n".join([*lines[:middle], indent + typed, *lines[middle:]])
        version = lsp.VersionedTextDocumentIdentifier(number + 1, path.as_uri())
        change = lsp.TextDocumentContentChangeWholeDocument(changed)
        started = time.perf_counter()
        client.text_document_did_change(lsp.DidChangeTextDocumentParams(version, [change]))
        while True:
            at, params = await asyncio.wait_for(arrived.get(), 120)
            if params.version == number + 1:
                break
        times.append((at - started) * 1000)
    cpu = (cpu_of(server.pid) - before) / keys if server is not None else 0.0
    await client.shutdown_async(None)
    client.exit(None)
    return times, len(first.diagnostics), opening, cpu


def main() -> int:
    """Measure, and print a line for each file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--keys", type=int, default=40)
    parser.add_argument("--budget", type=float, default=100.0, help="milliseconds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = [path.resolve() for path in options.files]
        if not files:
            files = [Path(folder).resolve() / "made_up.py"]
            files[0].write_text(made_up(), encoding="utf-8")
        worst = 0.0
        for path in files:
            times, findings, opening, cpu = asyncio.run(measure(path, options.keys))
            times.sort()
            median, high = statistics.median(times), times[int(len(times) * 0.95)]
            worst = max(worst, median)
            lines = path.read_text(encoding="utf-8").count("\n")
            print(
                f"{path.name}: {lines} lines, {findings} findings: median {median:.0f} ms, 95 % within {high:.0f} ms, "
                f"longest {times[-1]:.0f} ms, {cpu:.0f} ms of CPU; {opening:.0f} ms when opened"
            )
    return int(worst > options.budget)


if __name__ == "__main__":
    sys.exit(main())
