"""The processes that run the user's code, as the driver sees them: started, asked with a time limit, ended.

See `worker` for what they say to each other.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from typing import Any

WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "worker.py")
START_TIMEOUT = 180.0  # seconds for Python to start and torch to be imported
_GRACE = 5.0  # seconds for a killed process to be reaped
_TO_CLEAN_UP = 60.0  # seconds for the worker to end what has left its process groups, on however busy a machine

Message = dict[str, Any]


class NodeError(Exception):
    """A node gave no answer; the text says why, in words that can stand behind a colon."""


class TimedOut(NodeError):
    """It took longer than it may, and was ended."""


class Ended(NodeError):
    """It ended by itself, or was ended by something else. `status` is as os.waitpid gives it; None: not known."""

    def __init__(self, status: int | None) -> None:
        super().__init__(how_it_ended(status))
        self.status = status


def how_it_ended(status: int | None) -> str:
    """The end of a process, in words."""
    if status is None:
        return "the process ended"
    if os.name == "posix" and os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        with contextlib.suppress(ValueError):
            return f"the process was killed by {signal.Signals(number).name}"
        return f"the process was killed by signal {number}"
    code = os.WEXITSTATUS(status) if os.name == "posix" else status
    return f"the process exited with status {code}"


class WorkerError(Exception):
    """The interpreter cannot be used; the message says why."""


class Worker:
    """A started worker. Start it from the main thread: some systems tie a child to the thread that made it."""

    def __init__(self, python: str, cwd: str, device: str = "cpu") -> None:
        self._python, self._cwd, self.device = python, cwd, device
        self._names = itertools.count(1)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._waiting: dict[tuple[tuple[str, ...], int], queue.SimpleQueue[Message]] = {}
        self._groups: dict[tuple[str, ...], int] = {}
        self._ended: dict[tuple[str, ...], int | None] = {}
        self._closed = False
        self.copies: list[Worker] = []
        self.is_copy = False
        self.forks = False
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the worker
        env = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", **os.environ}
        if device.startswith("cuda"):
            # So that torch.cuda.is_available() does not touch the device: no fork could use it then.
            env.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
        try:
            self._process = subprocess.Popen(
                [python, WORKER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                cwd=cwd,
                env=env,
                start_new_session=True,  # an interrupt at the terminal is the driver's affair
                bufsize=0,
            )
        except OSError as error:
            raise WorkerError(f"cannot start {python}: {error.strerror}") from None
        self._hello: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            hello = self._hello.get(timeout=START_TIMEOUT)
        except queue.Empty:
            self.close()
            raise WorkerError(f"{python} took more than {START_TIMEOUT:.0f} s to import torch") from None
        except BaseException:
            self.close()
            raise
        if not hello.get("ok"):
            why = self._why(hello)
            self.close()
            raise WorkerError(why)
        self.hello = hello
        self.forks = bool(hello["fork"])
        """Whether a node can be forked; else each is a fresh process."""
        self.root = Node(self, (), self._process.pid)

    def _why(self, hello: Message) -> str:
        if "protocol" in hello:
            text = str(hello.get("text", "")).strip().splitlines()
            return f"{self._python} (Python {hello['python']}) cannot import torch: {text[-1] if text else 'no reason'}"
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return f"{self._python} is no Python that can be used" + (f": {said[-1]}" if said else "")

    def copy(self) -> Worker:
        """One more of the same, for where there is no fork."""
        made = Worker(self._python, self._cwd, self.device)
        made.is_copy = True
        self.copies.append(made)
        return made

    # --- what is said -------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        """The reader's thread: hand each answer to who waits for it."""
        stream = self._process.stdout
        assert stream is not None
        greeted = False
        with contextlib.suppress(OSError, ValueError):
            for line in stream:
                try:
                    message: Message = json.loads(line)
                except ValueError:
                    continue  # something else that the interpreter prints before the worker runs
                if not greeted:
                    if "protocol" in message:
                        greeted = True
                        self._hello.put(message)
                    continue
                self._hand_over(message)
        if not greeted:
            self._hello.put({})
        self._all_ended()

    def _hand_over(self, message: Message) -> None:
        path = tuple(message.get("from", ()))
        if "ended" in message:
            self._has_ended(path, message["ended"])
            return
        with self._lock:
            waiting = self._waiting.pop((path, message.get("seq", 0)), None)
        if waiting is not None:
            waiting.put(message)

    def _has_ended(self, path: tuple[str, ...], status: int | None) -> None:
        with self._lock:
            for other in [known for known in self._groups if known[: len(path)] == path]:
                self._ended[other] = status
                group = self._groups.pop(other)
                if other != path:
                    kill(group)
            keys = [key for key in self._waiting if key[0][: len(path)] == path]
            gone = [self._waiting.pop(key) for key in keys]
        for waiting in gone:
            waiting.put({"ended": status})

    def _all_ended(self) -> None:
        with self._lock:
            self._closed = True
            gone = list(self._waiting.values())
            self._waiting.clear()
        for waiting in gone:
            waiting.put({"ended": None})

    def ask(self, path: tuple[str, ...], message: Message, timeout: float) -> Message:
        """Send a command to a node and wait for the answer."""
        number = next(self._numbers)
        answer: queue.SimpleQueue[Message] = queue.SimpleQueue()
        data = json.dumps({"to": path, "seq": number, **message}).encode() + b"\n"
        with self._lock:
            if self._closed:
                raise Ended(None)
            if path in self._ended:
                raise Ended(self._ended[path])
            self._waiting[path, number] = answer
            stream = self._process.stdin
            assert stream is not None
            try:
                while data:
                    data = data[stream.write(data) or 0 :]
            except (OSError, ValueError):
                raise Ended(None) from None
        try:
            found = answer.get(timeout=timeout)
        except queue.Empty:
            raise TimedOut(f"it took more than {timeout:g} s") from None
        finally:
            with self._lock:
                self._waiting.pop((path, number), None)
        if "ended" in found:
            raise Ended(found["ended"])
        return found

    def next_name(self) -> str:
        return f"n{next(self._names)}"

    def know(self, path: tuple[str, ...], pid: int) -> None:
        with self._lock:
            self._groups[path] = pid

    def end(self, path: tuple[str, ...]) -> None:
        """End a node and all below it."""
        with self._lock:
            groups = [self._groups[known] for known in self._groups if known[: len(path)] == path]
        for group in groups:
            kill(group)

    def close(self) -> None:
        """End everything; nothing is left behind."""
        for made in self.copies:
            made.close()
        with self._lock:
            self._closed = True
            groups = list(self._groups.values())
            self._groups.clear()
            with contextlib.suppress(OSError, ValueError):
                if self._process.stdin is not None:
                    self._process.stdin.close()
        for group in groups:
            kill(group)
        if self.forks and not self.is_copy:
            # It runs no user code, and ends when it is left alone; first it ends what escaped from the groups.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_TO_CLEAN_UP)
        kill(self._process.pid)
        with contextlib.suppress(OSError):
            self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
        with contextlib.suppress(OSError, ValueError):
            self._errors.close()


def kill(group: int) -> None:
    """End a process group, and its leader also where it has not come to lead it yet."""
    if sys.platform == "win32":
        return  # a fresh process each, which its worker's `close` ends
    for send in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            send(group, signal.SIGKILL)


class Node:
    """One process. `history` is what made it what it is, to make another one where there is no fork."""

    def __init__(self, worker: Worker, path: tuple[str, ...], pid: int, history: tuple[Message, ...] = ()) -> None:
        self.worker = worker
        self.path = path
        self.pid = pid
        self.history = history
        self.forks = True

    def call(self, do: str, timeout: float, **arguments: Any) -> Message:
        """Have it do something. Raises TimedOut (then it is ended) or Ended."""
        message: Message = {"do": do, "limit": timeout, **arguments}
        try:
            answer = self.worker.ask(self.path, message, timeout)
        except TimedOut:
            self.end()
            raise
        if do in ("setup", "import", "build") and answer.get("ok"):
            self.history = (*self.history, message)
        return answer

    def fork(self) -> Node:
        """A process that starts with all that this one has made. Raises Ended."""
        if self.worker.forks and self.forks:
            node = self._forked()
            if self.worker.device == "cpu" or node.call("usable", 60.0, device=self.worker.device)["usable"]:
                return node
            node.end()
            self.forks = False  # user code has touched the device: from now on, all is made anew
        return self._made_anew()

    def _forked(self) -> Node:
        name = self.worker.next_name()
        try:
            answer = self.worker.ask(self.path, {"do": "fork", "name": name}, 60.0)
        except TimedOut:
            raise Ended(None) from None
        if "pid" not in answer:
            raise Ended(None)
        path = (*self.path, name)
        self.worker.know(path, answer["pid"])
        return Node(self.worker, path, answer["pid"], self.history)

    def _made_anew(self) -> Node:
        try:
            copy = self.worker.copy()
        except WorkerError:
            raise Ended(None) from None
        node = copy.root
        for message in self.history:
            rest = {key: value for key, value in message.items() if key not in ("do", "limit")}
            node.call(message["do"], message["limit"], **rest)
        return node

    def end(self) -> None:
        """End it, and all below it."""
        if self.path:
            self.worker.end(self.path)
        elif self.worker.is_copy:
            self.worker.close()

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
