"""The part of `verify` that runs under the user's interpreter: Python 3.7 and later, any torch, no jitlint.

A process of it is a *node*. It reads commands, one JSON object a line, from what was its standard input, and answers on
what was its standard output; both are moved out of reach first, so that nothing that user code prints or reads gets in
the way. The first node imports torch and runs no user code. On `fork` a node makes a child, which starts with all that
its parent knows; a command whose `to` names a child is passed on to it, and what the child says comes back with the
child's name in `from`. Who kills whom, and when, is decided by the one who asks: each node leads a process group.

Command:  {"to": [child, ...], "seq": number, "do": name, ...}
Answer:   {"from": [child, ...], "seq": number, ...}
A child that ends without being asked to:  {"from": [child, ...], "ended": status}, as os.waitpid gives it.

What a compilation has found out from sources, or compiled, that other units may need, too, is in its answer (`learnt`). The
nearest node above that holds no object keeps that for its next children, and does not pass it on.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import functools
import gc
import hashlib
import importlib
import importlib.util
import inspect
import json
import linecache
import os
import re
import select
import signal
import sys
import time
import traceback
import types
import warnings
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple

PROTOCOL = 1
_MAX_TEXT = 40000  # of an error's text, in characters
_MAX_SCANS = 200  # for processes to end, a hundredth of a second between two
_MAX_CLASSES = 4000  # of the submodules' classes that are told

Message = Dict[str, Any]
Take = Callable[..., None]
Block = Tuple[List[str], int]  # lines, and the number of the first


class Child:
    """A forked node as its parent sees it: its process, and the ends of the two pipes to and from it."""

    def __init__(self, pid: int, to: int, out: int) -> None:
        self.pid = pid
        self.to = to
        self.out = out
        self.buffer = b""


class Node:
    """One process: its pipes, its children, and what it has made so far (in `state`)."""

    def __init__(self, inp: int, out: int) -> None:
        self.inp = inp
        self.out = out
        self.buffer = b""
        self.pid = os.getpid()
        self.children: Dict[str, Child] = {}
        self.state: Dict[str, Any] = {}

    def serve(self) -> None:
        """Handle commands until there is nobody left to give any."""
        while True:
            while b"\n" in self.buffer:
                line, self.buffer = self.buffer.split(b"\n", 1)
                self.receive(json.loads(line.decode("utf-8")))
            if not self.children:
                data = os.read(self.inp, 1 << 16)
                if not data:
                    return
                self.buffer += data
                continue
            ready = readable([self.inp] + [child.out for child in self.children.values()], 50)
            if self.inp in ready:
                data = os.read(self.inp, 1 << 16)
                if not data:
                    return
                self.buffer += data
            for name, child in list(self.children.items()):
                if child.out in ready:
                    self.pass_on(name, child)
            self.reap()

    def pass_on(self, name: str, child: Child) -> bool:
        """What a child has to say goes up, with its name in front. False at the end of its pipe."""
        data = os.read(child.out, 1 << 16)
        child.buffer += data
        while b"\n" in child.buffer:
            line, child.buffer = child.buffer.split(b"\n", 1)
            message = json.loads(line.decode("utf-8"))
            message["from"] = [name] + message.get("from", [])
            # For the nearest node that other units are forked from.
            learnt = message.pop("learnt", None) if "object" not in self.state else None
            self.send(message)
            if learnt:
                with contextlib.suppress(BaseException):
                    learn(self.state, learnt)
        return bool(data)

    def reap(self) -> None:
        for name, child in list(self.children.items()):
            try:
                pid, status = os.waitpid(child.pid, os.WNOHANG)
            except ChildProcessError:  # user code waited for it
                pid, status = child.pid, 0
            if not pid:
                continue
            # What it said last is still in the pipe; a stray process of its own may hold the other end open.
            while readable([child.out], 0) and self.pass_on(name, child):
                pass
            self.forget(name)
            kill_group(child.pid)
            self.send({"from": [name], "ended": status})

    def forget(self, name: str) -> None:
        child = self.children.pop(name)
        os.close(child.to)
        os.close(child.out)

    def send(self, message: Message) -> None:
        data = json.dumps(message).encode("utf-8") + b"\n"
        while data:
            data = data[os.write(self.out, data) :]

    def receive(self, message: Message) -> None:
        way = message.get("to") or []
        if way:
            child = self.children.get(way[0])
            if child is None:
                return  # it has ended, and that was told
            message["to"] = way[1:]
            data = json.dumps(message).encode("utf-8") + b"\n"
            try:
                while data:
                    data = data[os.write(child.to, data) :]
            except OSError:
                pass
            return
        answer = self.answer(message)
        if os.getpid() != self.pid:
            os._exit(0)  # a fork that user code made and let return
        if answer is not None:
            answer["seq"] = message.get("seq")
            self.send(answer)

    def answer(self, message: Message) -> Optional[Message]:
        do = message["do"]
        if do == "fork":
            try:
                return self.fork(message["name"])
            except OSError as error:
                return failure(error)
        if do == "ping":
            return {"ok": True}
        if do == "end":
            os._exit(0)
        limit = message.get("limit")
        if limit and hasattr(signal, "setitimer"):
            # Besides the driver's own watch: by itself the process ends a little later.
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, float(limit) + 5.0)
        try:
            return COMMANDS[do](self.state, message)
        except BaseException as error:  # user code may raise anything, SystemExit and KeyboardInterrupt included
            return failure(error)
        finally:
            if limit and hasattr(signal, "setitimer"):
                signal.setitimer(signal.ITIMER_REAL, 0.0)

    def fork(self, name: str) -> Optional[Message]:
        down_read, down_write = os.pipe()
        up_read, up_write = os.pipe()
        pid = os.fork()
        if pid:
            os.close(down_read)
            os.close(up_write)
            self.children[name] = Child(pid, down_write, up_read)
            return {"pid": pid}
        os.setsid()
        die_with_parent()
        os.close(down_write)
        os.close(up_read)
        for child in self.children.values():
            os.close(child.to)
            os.close(child.out)
        os.close(self.inp)
        os.close(self.out)
        self.inp, self.out = down_read, up_write
        self.pid = os.getpid()
        self.children = {}
        self.buffer = b""
        return None


def readable(descriptors: List[int], milliseconds: int) -> List[int]:
    """Which of them can be read (or are at their end), waiting for at most so long."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return [descriptor for descriptor, _ in poll.poll(milliseconds)]


def kill_group(pid: int) -> None:
    """End what is left of a process group."""
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)


def die_with_parent() -> None:
    """On Linux the kernel ends a node whose parent is gone, whatever it is busy with."""
    libc = _libc()
    if libc is not None:
        libc.prctl(1, int(signal.SIGKILL), 0, 0, 0)


def adopt_orphans() -> None:
    """On Linux a process below this one whose parent ends becomes a child of this one, so that it is found again."""
    libc = _libc()
    if libc is not None:
        libc.prctl(36, 1, 0, 0, 0)


def end_descendants() -> None:
    """End all that was started below this process, also what left its process group; known on Linux only."""
    for _ in range(_MAX_SCANS):  # what is being started meanwhile, or is long in ending
        found = descendants(os.getpid())
        if not found:
            return
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.01)


def descendants(of: int) -> List[int]:
    """The processes below one that have not ended. Those below one that is ending, thread by thread, are still its."""
    parents: Dict[int, int] = {}
    ended: Set[int] = set()
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdigit():
                with contextlib.suppress(OSError, ValueError, IndexError):
                    with open("/proc/" + name + "/stat", "rb") as file:
                        state, parent = file.read().rpartition(b")")[2].split()[:2]
                    parents[int(name)] = int(parent)
                    if state == b"Z":
                        ended.add(int(name))
    found = []
    for pid in parents:
        above = parents[pid]
        while above in parents and above != of:
            above = parents[above]
        if above == of and pid not in ended:
            found.append(pid)
    return found


_LIBC: List[Any] = []


def _libc() -> Any:
    if not _LIBC:
        try:
            import ctypes

            _LIBC.append(ctypes.CDLL(None) if sys.platform.startswith("linux") else None)
        except (ImportError, OSError):
            _LIBC.append(None)
    return _LIBC[0]


# --- what went wrong --------------------------------------------------------------------------------------------------


def failure(error: BaseException) -> Message:
    """An exception as an answer: its type, its text, and the frames it came through, the outermost first."""
    try:
        text = str(error)
    except BaseException:  # a __str__ of the user's
        text = "(an exception whose text cannot be read)"
    frames: List[List[Any]] = []
    try:
        for frame in traceback.extract_tb(error.__traceback__)[-60:]:
            if frame.filename != __file__:
                frames.append([frame.filename, frame.lineno, frame.name])
        if isinstance(error, SyntaxError) and error.filename:
            frames.append([error.filename, error.lineno or 1, ""])
    except BaseException:
        pass
    text = _MANGLED.sub("", text[:_MAX_TEXT])
    found: Message = {"ok": False, "type": type(error).__name__, "text": text, "frames": frames}
    if not _NAMES_A_FILE.search(text):
        if _HERE in text:
            found["place"] = place_of_excerpt(text, {os.path.realpath(frame[0]) for frame in frames})
        else:
            with contextlib.suppress(Exception):
                found["place"] = place_of_function(error)
    return found


_HERE = "<--- HERE"
_MANGLED = re.compile(r"___torch_mangle_\d+\.")  # of a type that was compiled before, in whichever attempt
_NAMES_A_FILE = re.compile(r'^ *(File ".+", line \d+|at .+:\d+:\d+)$', re.MULTILINE)


_NODES = ("stmt", "expr", "node")  # as the functions of torch.jit.frontend call what they are given
_TEXT = ("source", "filename", "file_lineno")


def place_of_function(error: BaseException) -> Optional[List[Any]]:
    """Path, line, column and width of what the compiler's Python half was at work on when it raised: the statement or
    expression, else the function in whose annotations or lines it stopped; None where that cannot be told."""
    steps = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    node: Any = None
    for frame in reversed(steps):
        file = frame.f_code.co_filename.replace(os.sep, "/")
        if file.endswith("/torch/jit/frontend.py"):
            node = node or next(
                (frame.f_locals[one] for one in _NODES if hasattr(frame.f_locals.get(one), "lineno")), None
            )
            parsed = frame.f_locals.get("parsed_def")  # a named tuple; in older ones the same are variables
            source, path, first = (getattr(parsed, one, frame.f_locals.get(one)) for one in _TEXT)
            if node is not None and source and path and first:
                indent = len(source) - len(source.lstrip(" "))
                return [os.path.realpath(path), first + node.lineno - 1, node.col_offset + indent + 1, 1]
        if "/torch/jit/" not in file and not file.endswith(("/torch/_jit_internal.py", "/torch/_sources.py")):
            if file == __file__ or "/torch/" in file:
                continue
            return None  # user code that the compiler runs
        fn: Any = frame.f_locals.get("fn")
        if callable(fn) and inspect.isfunction(inspect.unwrap(fn)):
            lines, first = inspect.getsourcelines(fn)
            above = next(
                number for number, line in enumerate(lines) if line.lstrip().startswith(("def ", "async def "))
            )
            column = len(lines[above]) - len(lines[above].lstrip()) + 1
            return [os.path.realpath(inspect.getsourcefile(inspect.unwrap(fn)) or ""), first + above, column, 3]
    return None


def place_of_excerpt(text: str, nearby: Set[str]) -> Optional[List[Any]]:
    """Path, line, column and width of the place that an error of torch before 1.2 shows, without saying where it is.

    It shows the lines of a function with its indentation taken off. What inspect has read stands in linecache, altered
    text included; the place is where most of the lines above the mark are found, if only one such place is (or only
    one in the files `nearby`).
    """
    lines = text.splitlines()
    marked = next(number for number, line in enumerate(lines) if _HERE in line)
    above = lines[:marked]
    if not above:
        return None
    best: List[Any] = []
    most = 0
    for path, entry in list(linecache.cache.items()):
        if len(entry) < 3 or path.startswith("<") or os.sep + "torch" + os.sep in path:
            continue
        source = [line.rstrip("\r\n") for line in entry[2]]
        for number, line in enumerate(source):
            if not line.endswith(above[-1]) or line[: len(line) - len(above[-1])].strip():
                continue
            indent = line[: len(line) - len(above[-1])]
            same = 1
            while same < len(above) and same <= number and source[number - same] in (indent + above[-1 - same], ""):
                same += 1
            if same > most:
                most, best = same, []
            if same == most:
                mark = lines[marked].split(_HERE)[0]
                column = len(indent) + len(mark) - len(mark.lstrip()) + 1
                best.append([os.path.realpath(path), number + 1, column, len(mark.strip())])
    if len(best) > 1:
        best = [place for place in best if place[0] in nearby]
    return best[0] if len(best) == 1 else None


# --- commands ---------------------------------------------------------------------------------------------------------


def setup(state: Dict[str, Any], message: Message) -> Message:
    """Where imports come from, which device, which memory limit; of a node that will run user code."""
    for path in reversed(message.get("paths", [])):
        if path not in sys.path:
            sys.path.insert(0, path)
    state["device"] = message.get("device") or "cpu"
    state["train"] = bool(message.get("train"))
    state["runs"] = bool(message.get("runs"))
    memory = message.get("memory")
    if memory:
        limit_memory(int(memory))
    return {"ok": True}


def limit_memory(size: int) -> None:
    """No more than `size` bytes of address space beyond what is in use now."""
    try:
        import resource
    except ImportError:
        return
    used = 0
    try:
        with open("/proc/self/statm") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        used = 1 << 32
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = used + size
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (wanted, wanted))


def probe(state: Dict[str, Any], message: Message) -> Message:
    """Whether there is such a device; in a child, since asking a GPU forbids forking afterwards."""
    import torch

    torch.zeros(1, device=message["device"])
    return {"ok": True, "name": device_name(message["device"])}


def usable(state: Dict[str, Any], message: Message) -> Message:
    """Whether this process may use the device: CUDA refuses in a fork of a process that has touched it."""
    import torch

    home = getattr(torch, message["device"].partition(":")[0], None)
    bad = getattr(home, "_is_in_bad_fork", getattr(home, "_in_bad_fork", False))
    return {"ok": True, "usable": not (bad() if callable(bad) else bad)}


def device_name(device: str) -> str:
    import torch

    if device.startswith("cuda"):
        with contextlib.suppress(Exception):
            return str(torch.cuda.get_device_name(device))
    return device


def load(state: Dict[str, Any], message: Message) -> Message:
    """Import a module (with other text for some files, where `overlay` says so)."""
    overlay(message)
    started = time.perf_counter()
    module = load_module(state, message["module"], message["path"])
    return {"ok": True, "seconds": time.perf_counter() - started, "file": getattr(module, "__file__", None)}


def load_module(state: Dict[str, Any], name: str, path: str) -> Any:
    """The module of a file: by its name where that leads to the file, else from the file itself."""
    loaded = state.setdefault("modules", {})
    if path in loaded:
        return loaded[path]
    module = None
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        # Only where the name itself leads nowhere; what the module's own imports fail with is the module's failure.
        missing = getattr(error, "name", None)
        if not missing or not (name == missing or name.startswith(missing + ".")):
            raise
    if module is None or not same_file(getattr(module, "__file__", None), path):
        own = "_jitlint_" + hashlib.md5(path.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        spec = importlib.util.spec_from_file_location(own, path)
        if spec is None or spec.loader is None:
            raise ImportError("cannot import " + path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[own] = module
        spec.loader.exec_module(module)
    loaded[path] = module
    return module


def same_file(one: Optional[str], other: str) -> bool:
    return bool(one) and real(str(one)) == real(other)


@functools.lru_cache(maxsize=None)
def real(path: str) -> str:
    """A path without links, which stay what they are while this process lives."""
    return os.path.realpath(path)


_LINES: Dict[str, Any] = {}  # what linecache held of the files that have other text: None for nothing
_GIVEN: Dict[str, Tuple[str, List[str]]] = {}  # the text that a file was last given, and its lines


def overlay(message: Message) -> None:
    """Give the look-up of sources (inspect asks linecache) other text for some files, and the altered text its names.

    What stands for a value that is out of the way is written with ``_jt``: torch. Text given before is withdrawn; where
    a file is given none (None), it is the last that it was given.
    """
    for name in list(_LINES):
        entry = _LINES.pop(name)
        linecache.cache.pop(name, None)
        if entry is not None:
            linecache.cache[name] = entry
    texts = message.get("overlay") or {}
    if not texts:
        return
    import builtins

    import torch

    builtins._jt = torch  # type: ignore[attr-defined]
    for path, text in texts.items():
        if text is not None and (path not in _GIVEN or _GIVEN[path][0] != text):
            _GIVEN[path] = text, text.splitlines(True)
        text, lines = _GIVEN[path]
        files = {str(module.__file__) for module in modules_of(path)}
        for name in {path, real(path), *files}:
            _LINES[name] = linecache.cache.get(name)
            # Without a time of change, linecache takes it for what a loader gave, and does not look at the file.
            linecache.cache[name] = (len(text), None, lines, name)


_MODULES: Dict[int, Dict[str, List[Any]]] = {}  # when so many were imported: by the last names of their files


def modules_of(path: str) -> List[Any]:
    """The modules that were imported from a file."""
    if len(sys.modules) not in _MODULES:
        _MODULES.clear()
        found: Dict[str, List[Any]] = {}
        for module in list(sys.modules.values()):
            file = getattr(module, "__file__", None)
            if isinstance(file, str):
                found.setdefault(os.path.basename(file), []).append(module)
        _MODULES[len(sys.modules)] = found
    named = next(iter(_MODULES.values())).get(os.path.basename(path), [])
    return [module for module in named if same_file(module.__file__, path)]


def find(module: Any, qualname: str) -> Any:
    found = module
    for part in qualname.split("."):
        if part == "<locals>":
            raise LookupError("it is defined inside a function")
        found = inspect.getattr_static(found, part) if inspect.isclass(found) else getattr(found, part)
        if isinstance(found, (staticmethod, classmethod)):
            found = found.__func__
    return found


class NoInstance(Exception):
    """There is no way to make an instance; the text says why."""


def build(state: Dict[str, Any], message: Message) -> Message:
    """Make what will be compiled: the function, the script class, or an instance of the module class."""
    started = time.perf_counter()
    tests = state.get("caught")
    if message.get("caught"):
        obj = (tests or {})[message["caught"]]
        how = "from the tests"
    elif message.get("built"):  # by the process that this one was forked from
        obj, how = state["object"], state["how"]
    else:
        module = load_module(state, message["module"], message["path"])
        if message["kind"] == "module":
            obj, how = instance(module, message, bool(state.get("runs")))
        else:
            try:
                obj, how = find(module, message["qualname"]), ""
            except (AttributeError, LookupError) as error:
                return {"ok": False, "no_instance": "it cannot be reached from outside: " + str(error)}
            if message["kind"] == "function" and not callable(obj):
                return {"ok": False, "no_instance": "what the name stands for is not a function"}
    if obj is None:
        return {"ok": False, "no_instance": how}
    classes: List[List[Any]] = []
    if hasattr(obj, "named_modules") and getattr(obj, "_modules", None) is not None:  # not what is half made
        obj.train(bool(state.get("train")))
        if message.get("inside"):
            obj = submodule(obj, message["inside"])
        classes = classes_inside(obj)
    state["object"], state["how"] = obj, how
    bases = [base.__qualname__ for base in type(obj).__mro__[1:]] if message["kind"] == "module" else []
    return {"ok": True, "how": how, "seconds": time.perf_counter() - started, "classes": classes, "bases": bases}


def placed(state: Dict[str, Any]) -> Any:
    """The object on the device that is asked for: only in the fork that compiles, or no other fork could use it."""
    obj = state["object"]
    device = state.get("device", "cpu")
    if device != "cpu" and hasattr(obj, "named_modules") and getattr(obj, "_modules", None) is not None:
        obj.to(device)
    return obj


def submodule(obj: Any, path: str) -> Any:
    for part in path.split("."):
        obj = obj._modules[part]
    return obj


def classes_inside(obj: Any) -> List[List[Any]]:
    """For each class of the submodules: where its first instance is, its module, its qualified name, its file."""
    found: Dict[Any, List[Any]] = {}
    with contextlib.suppress(Exception):
        for path, sub in obj.named_modules():
            kind = type(sub)
            if kind not in found and len(found) < _MAX_CLASSES and not kind.__module__.startswith("torch."):
                file = getattr(sys.modules.get(kind.__module__), "__file__", None) or ""
                found[kind] = [path, kind.__module__, kind.__qualname__, os.path.realpath(file) if file else ""]
    return list(found.values())


def instance(module: Any, message: Message, runs: bool) -> Tuple[Any, str]:
    """An instance of a module class, and in words how it was made; (None, why not). runs: whether any instance will be
    run, and not only compiled."""
    given = message.get("configured")
    if given:
        return expression(given, module), "from the configuration"
    cls, why = wanted_class(module, message["qualname"])
    if why or not inspect.isclass(cls):
        return cls, why
    required = missing_arguments(cls)
    if required is None or not required:
        try:
            return constructed(cls, {}, runs), ""
        except TypeError:
            if required is not None:
                raise
    if not message.get("guess"):
        return None, takes(required or [])
    last: Optional[BaseException] = None
    tried = ""
    for arguments in guesses(cls, required or []):
        try:
            made = constructed(cls, arguments, runs)
        except Exception as error:
            last, tried = error, ", ".join(arguments)
            continue
        return made, "with guessed arguments: " + ", ".join(name + "=" + shown(arguments[name]) for name in arguments)
    why = (
        "no arguments could be guessed"
        if last is None
        else "guessed arguments do not fit it (" + tried + "): " + brief(last)
    )
    return None, why


def wanted_class(module: Any, qualname: str) -> Tuple[Any, str]:
    """The class of that name, or the module that stands for it; (None, why there is none)."""
    try:
        cls = find(module, qualname)
    except (AttributeError, LookupError) as error:
        return None, "it cannot be reached from outside: " + str(error)
    if not inspect.isclass(cls):
        return (cls, "") if hasattr(cls, "named_modules") else (None, "what the name stands for is not a class")
    return (None, "it is abstract") if getattr(cls, "__abstractmethods__", None) else (cls, "")


def takes(required: List[inspect.Parameter]) -> str:
    names = ", ".join(parameter.name for parameter in required)
    return "its constructor takes arguments: " + names if names else "its constructor takes arguments"


def lacks(state: Dict[str, Any], message: Message) -> Message:
    """Whether no instance can be made without guessing, and why: before any is tried, so that it needs no fork."""
    cls, why = wanted_class(load_module(state, message["module"], message["path"]), message["qualname"])
    required = missing_arguments(cls) if inspect.isclass(cls) else None
    return {"ok": True, "no_instance": why or (takes(required) if required else "")}


def constructed(cls: Any, arguments: Dict[str, Any], runs: bool) -> Any:
    """An instance of a class, with whatever in its weights if it will not be run: to fill them takes longest."""
    import torch

    if not runs:
        with unfilled(torch) as left:
            try:
                return cls(**arguments)
            except Exception:
                if not left:
                    raise
    return cls(**arguments)


_FILLS = ("normal_", "uniform_", "erfinv_")  # what the functions of torch.nn.init come down to


@contextlib.contextmanager
def unfilled(torch: Any) -> Iterator[List[Any]]:
    """While it lasts, tensors are not filled with random numbers; those that are left so are in what it gives."""
    left: List[Any] = []

    def stays(tensor: Any, *args: Any, **kwargs: Any) -> Any:
        if not left:
            left.append(tensor)
        return tensor

    inherited = [name for name in _FILLS if name not in vars(torch.Tensor)]
    for name in inherited:
        setattr(torch.Tensor, name, stays)
    try:
        yield left
    finally:
        for name in inherited:
            delattr(torch.Tensor, name)


def brief(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return type(error).__name__ + (": " + text[0][:200] if text else "")


def shown(value: Any) -> str:
    text = repr(value).splitlines()[0] if repr(value) else ""
    return text if len(text) <= 40 else type(value).__name__


def expression(text: str, module: Any) -> Any:
    """The value of an expression, or what ``pkg.mod:factory`` gives when called."""
    name, colon, rest = text.partition(":")
    if colon and all(part.isidentifier() for part in name.split(".") + rest.split(".")):
        made = importlib.import_module(name)
        for part in rest.split("."):
            made = getattr(made, part)
        return made() if callable(made) and not hasattr(made, "named_modules") else made
    import torch

    names: Dict[str, Any] = {"torch": torch, "nn": torch.nn}
    names.update(vars(module))
    return eval(text, names)


# --- guessing arguments -----------------------------------------------------------------------------------------------


def missing_arguments(cls: Any) -> Optional[List[inspect.Parameter]]:
    """The parameters of a constructor that have no default; None where they cannot be told."""
    try:
        parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    except (TypeError, ValueError):
        return None
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p for p in parameters if p.default is inspect.Parameter.empty and p.kind not in kinds]


_NAMES: List[Tuple[Tuple[str, ...], Any]] = [
    (("kernel", "window", "patch"), 3),
    (("stride", "dilation", "padding", "groups", "index", "idx"), 1),
    (("num_heads", "heads", "nhead", "depth", "layers", "blocks", "expansion", "ratio", "scale", "repeat", "steps"), 2),
    (
        ("eps", "prob", "drop", "rate", "alpha", "beta", "momentum", "temperature", "gamma", "sigma", "weight_decay"),
        0.1,
    ),
    (("bias", "use_", "with_", "is_", "has_", "inplace", "normalize", "affine", "return_", "training"), False),
    (("name", "mode", "type"), ""),
    (("img_size", "image_size", "input_size", "resolution", "feat_size"), (16, 16)),
    (("shape", "dims", "sizes", "channels_list", "list"), [8, 8]),
]
_OF_MODULES = ("transforms", "modules", "layers", "models", "blocks")  # what holds several of them


def guesses(cls: Any, required: List[inspect.Parameter]) -> Iterator[Dict[str, Any]]:
    """Arguments that a constructor may take, the likeliest first."""
    import torch

    if any(p.kind is inspect.Parameter.POSITIONAL_ONLY for p in required):
        return
    for number in (8, 16, 64):
        yield {p.name: guess(p, number, torch) for p in required}
    yield {p.name: 8 if isinstance(guess(p, 8, torch), (int, float)) else guess(p, 8, torch) for p in required}
    yield {p.name: guess(p, [8, 8], torch) for p in required}


def guess(parameter: inspect.Parameter, number: Any, torch: Any) -> Any:
    """A value for a parameter: by its annotation, then by its name; `number` where nothing else is known."""
    name = parameter.name.lower()
    annotation = parameter.annotation
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", None) or str(annotation)
    text = str(text) if annotation is not inspect.Parameter.empty else ""
    if not isinstance(annotation, str) and "[" in str(annotation):
        text = str(annotation)
    text = text.replace("typing.", "").replace("collections.abc.", "")
    by_name = next((value for keys, value in _NAMES if any(key in name for key in keys)), number)
    if text.startswith("Optional[") or text.endswith(("None]", "| None")):
        text = text[9:-1] if text.startswith("Optional[") else text.split("|")[0].strip()
    if text.startswith("Union["):
        text = text[6:].split(",")[0]
    if text == "int":
        return by_name if isinstance(by_name, int) and not isinstance(by_name, bool) else number
    if text == "float":
        return 0.1
    if text == "bool":
        return False
    if text == "str":
        return ""
    if text.endswith(("Tensor", "Parameter")):
        return torch.zeros(8, 8)
    if text.startswith(("Tuple[int", "tuple[int")):
        return tuple([number if isinstance(number, int) else 8] * max(1, text.count("int")))
    if text.startswith(("List[int", "list[int", "Sequence[int", "Iterable[int")):
        return [8, 8]
    if name in _OF_MODULES and (not text or text.lower().startswith(("list", "sequence", "iterable", "tuple"))):
        return [torch.nn.ReLU(), torch.nn.ReLU()]
    if name == "dtype" or text in ("dtype", "torch.dtype"):
        return torch.float32
    if "Type[" in text or "type[" in text or "Callable" in text or "LayerType" in text:
        return torch.nn.ReLU if "act" in name else torch.nn.LayerNorm if "norm" in name else torch.nn.Identity
    if text.endswith(("Module", "Sequential")):
        return torch.nn.Identity() if hasattr(torch.nn, "Identity") else torch.nn.Sequential()
    if text.endswith("ModuleList"):
        return torch.nn.ModuleList([torch.nn.ReLU()])
    if not text and ("layer" in name or "module" in name or "model" in name or name in ("fn", "block", "net")):
        if by_name is number:
            return torch.nn.Sequential()
    if not text and ("act" in name or "norm" in name) and by_name is number:
        return torch.nn.ReLU if "act" in name else torch.nn.LayerNorm
    return by_name


# --- compiling --------------------------------------------------------------------------------------------------------


class Leftovers:
    """What compilations leave behind in torch's Python half: kept as it is at first, and brought back to that.

    What they leave in its C++ half (a half-defined type) is not found again without it. Functions that compiled stay,
    unless their file has been given other text, or they have values of classes, which are compiled anew.
    """

    def __init__(self, torch: Any, ahead: Ahead) -> None:
        state: Any = getattr(torch.jit, "_state", None)
        store: Any = getattr(getattr(torch.jit, "_recursive", None), "concrete_type_store", None)
        functions = [getattr(state, name, None) for name in ("_jit_caching_layer", "_jit_function_overload_caching")]
        self.known = functions[0] is not None and store is not None  # from torch 1.7 on
        self.ahead = ahead
        self.functions = [
            (table, {key: value for key, value in table.items() if key not in ahead.functions})
            for table in functions
            if table is not None
        ]
        tables = [getattr(state, "_script_classes", None), getattr(state, "_name_to_pyclass", None)]
        tables.append(getattr(store, "methods_compiled", None))
        self.tables = [(table, table.copy()) for table in tables if table is not None]
        self.name_of: Any = getattr(torch._jit_internal, "_qualified_name", None)
        self.overloads = getattr(torch._jit_internal, "_overloaded_fns", {})  # until they are compiled
        self.uncompiled = {**self.overloads, **ahead.overloads}
        self.types = getattr(store, "type_store", {})
        self.first = {kind: list(known) for kind, known in self.types.items()}
        self.parsed: Any = getattr(getattr(torch, "_sources", None), "parse_def", None)
        self.altered: Set[str] = set()  # the last names of the files that had other text
        self.plain: Dict[Any, Tuple[Any, bool]] = {}  # the names of what functions became; whether without classes
        self.unit: Any = getattr(state, "_python_cu", None)
        self.taken: List[Tuple[Any, str, Any]] = []  # from what, under which name, which value

    def take(self, owner: Any, name: str, left: Any = None) -> None:
        """Take an attribute out of a class, or leave another value; until the next compilation, if the owner allows."""
        with contextlib.suppress(AttributeError, TypeError):
            value = vars(owner)[name] if inspect.isclass(owner) else getattr(owner, name, self)
            if inspect.isclass(owner):
                delattr(owner, name)
            else:
                setattr(owner, name, left)
            self.taken.append((owner, name, value))
            if isinstance(value, property):
                has_properties.cache_clear()

    def clear(self, message: Message) -> None:
        """Before the next compilation, of `message`."""
        while self.taken:
            owner, name, value = self.taken.pop()
            if isinstance(value, property):
                has_properties.cache_clear()
            if value is self:  # there was none
                delattr(owner, name)
            else:
                setattr(owner, name, value)
        self.altered.update(os.path.basename(path) for path in message.get("overlay") or {})
        gone = set()
        for table, first in self.functions:
            for function in list(table):
                if function not in first and not self.stays(function, table[function]):
                    del table[function]
                    gone.add(self.name_of(function))
        self.overloads.update((name, known) for name, known in self.uncompiled.items() if name in gone)
        for table, first in self.tables:
            table.clear()
            table.update(first)
        for kind, known in self.types.items():
            known[:] = self.first.get(kind, [])
        if hasattr(self.parsed, "cache_clear"):
            self.parsed.cache_clear()  # by function, whatever its text is now

    def added(self) -> List[Any]:
        """The functions that were compiled since, and may stay."""
        return [
            function
            for table, first in self.functions
            for function in list(table)
            if function not in first and function not in self.ahead.functions and self.stays(function, table[function])
        ]

    def stays(self, function: Any, compiled: Any) -> bool:
        code = getattr(inspect.unwrap(function), "__code__", None)
        if code is None or os.path.basename(code.co_filename) in self.altered:
            return False
        known = self.plain.get(function)
        if known is None or known[0] != compiled:
            names = compiled if isinstance(compiled, list) else [compiled]
            graphs = [getattr(self.unit.find_function(name), "graph", "") for name in names]
            known = self.plain[function] = compiled, not any("__torch__." in str(graph) for graph in graphs)
        return known[1]


class Sources:
    """What is found out again and again from the texts of functions and classes: kept while they have that text."""

    def __init__(self, torch: Any) -> None:
        self.new: List[List[Any]] = []  # what was found out since it was told
        internal, frontend = torch._jit_internal, getattr(torch.jit, "frontend", None)
        homes = [frontend, getattr(torch.jit, "_recursive", None), getattr(torch.jit, "_script", None)]
        self.plain: Any = inspect.getsourcelines
        self.lines: Dict[Tuple[int, bool], Tuple[Any, str, List[str], Block]] = {}
        self.known: Dict[Any, Tuple[Any, Block, Any]] = {}
        self.kept: Dict[str, Callable[..., Any]] = {"block": self.block}
        self.watched: List[List[Tuple[Any, Block]]] = []  # what is looked at meanwhile
        self.taken = ""  # what is taken out of classes, in the compilation that is asked for
        inspect.getsourcelines = self.lines_of  # type: ignore[assignment]
        self.keep("parse_def", [internal, frontend], parsed_anew)
        self.keep("get_type_hint_captures", [internal], dict)
        self.keep("get_jit_def", homes, lambda tree: tree)
        self.keep_failures(torch, getattr(torch.jit, "_script", None))
        if hasattr(frontend, "ast"):
            frontend.ast = ClassTrees()  # type: ignore[union-attr]

    def lines_of(self, obj: Any) -> Block:
        """The same as `block`, for who may change it."""
        lines, number = self.block(obj)
        return list(lines), number

    def block(self, obj: Any) -> Block:
        """The lines of a function or class, and the number of the first: of its file as it is now."""
        whose = getattr(obj, "__func__", obj)  # a method is made each time
        key = (id(whose), whose is obj)
        known = self.lines.get(key)
        now = lines_now(known[1]) if known is not None else None
        if known is not None and now is known[2]:
            found = known[3]
        else:
            moved = same_block(known[2], now, known[3]) if known is not None else None
            found = self.plain(obj) if moved is None else moved
            if moved is None:
                self.new.append(["block", address(whose), whose is obj, (), {}])
            file = inspect.getsourcefile(inspect.unwrap(whose)) or ""
            lines = lines_now(file)
            if lines is not None and (inspect.isclass(whose) or inspect.isfunction(whose)):
                self.lines[key] = (whose, file, lines, found)
        for seen in self.watched:
            seen.append((obj, found))
        return found

    def keep(self, name: str, homes: List[Any], copied: Callable[[Any], Any]) -> None:
        """Remember what a function, found in each of these modules, answers about an object. copied: the answer, for who
        may change it."""
        plain: Any = getattr(homes[0], name, None)
        if plain is None:
            return

        def kept(obj: Any, *rest: Any, **named: Any) -> Any:
            whose = getattr(obj, "__func__", obj)
            try:
                block = self.block(obj)
            except Exception:  # whoever asks has words for it
                return plain(obj, *rest, **named)
            modifier = getattr(whose, "_torchscript_modifier", None)
            key = (name, id(whose), whose is obj, modifier, rest, tuple(sorted(named.items())))
            known = self.known.get(key)
            if known is None or known[1] != block:
                known = self.known[key] = (whose, block, plain(obj, *rest, **named))
                if modifier is None:
                    self.new.append([name, address(whose), whose is obj, rest, named])
            return copied(known[2])

        self.kept[name] = kept
        for home in homes:
            if getattr(home, name, None) is plain:
                setattr(home, name, kept)

    def keep_failures(self, torch: Any, home: Any) -> None:
        """Remember the classes that cannot be compiled: that is tried for each attribute of each module that holds an
        instance of one (``tryToInferType``)."""
        plain: Any = getattr(home, "_recursive_compile_class", None)
        compile_function: Any = getattr(torch.jit._recursive, "try_compile_fn", None)
        if plain is None or compile_function is None or not hasattr(torch._C, "ErrorReport"):
            return
        failures: Dict[Any, Tuple[List[Tuple[Any, Block]], BaseException]] = {}

        def compiled_class(kind: Any, place: Any) -> Any:
            if torch._C.ErrorReport.call_stack():  # which the error's text would tell
                return plain(kind, place)
            key = (kind, str(place), self.taken)
            known = failures.get(key)
            if known is not None and self.unchanged(known[0]):
                raise same_error(known[1])
            seen: List[Tuple[Any, Block]] = []
            self.watched.append(seen)
            try:
                return plain(kind, place)
            except Exception as error:
                failures[key] = seen, same_error(error)
                raise
            finally:
                self.watched.pop()

        def compiled_function(function: Any, place: Any) -> Any:
            with contextlib.suppress(Exception):  # for who watches: it may be compiled already
                self.block(function)
            return compile_function(function, place)

        home._recursive_compile_class = compiled_class
        torch.jit._recursive.try_compile_fn = compiled_function

    def unchanged(self, seen: List[Tuple[Any, Block]]) -> bool:
        """Whether functions and classes have the lines that they had."""
        try:
            return all(self.block(obj) == block for obj, block in seen)
        except Exception:  # they have none now
            return False

    def told(self, overlay: Dict[str, str]) -> List[List[Any]]:
        """What was found out since this was asked last from files that have their own text."""
        altered = {os.path.basename(path) for path in overlay}
        found = [one for one in self.new if one[1] and os.path.basename(one[1][0]) not in altered]
        self.new.clear()
        return found

    def find_out(self, told: List[List[Any]]) -> None:
        """The same, here, ahead of the next fork."""
        for name, place, alone, rest, named in told:
            found = at_address(place)
            if found is not None and name in self.kept:
                with contextlib.suppress(Exception):
                    self.kept[name](found if alone else types.MethodType(found, self), *rest, **named)
        self.new.clear()


def same_error(error: BaseException) -> BaseException:
    """An error as it was raised, without its traceback: what the frames there hold must not live longer (the compiler's
    ``CallStack``)."""
    made = type(error).__new__(type(error), *error.args)
    vars(made).update(vars(error))
    return made


Address = List[Any]  # a function or class: file, module, qualified name, line (0: a class)


def address(of: Any) -> Optional[Address]:
    """Where a function or class is found again in another process that has imported the same."""
    if inspect.isclass(of):
        return [getattr(sys.modules.get(of.__module__), "__file__", None) or "", of.__module__, of.__qualname__, 0]
    code = getattr(of, "__code__", None)
    return None if code is None else [code.co_filename, of.__module__, of.__qualname__, code.co_firstlineno]


def at_address(place: Address) -> Any:
    """The function or class that has an address; None where there is none here."""
    import torch

    file, module, qualname, line = place
    with contextlib.suppress(AttributeError, LookupError):
        found = find(sys.modules[module], qualname)
        if inspect.isclass(found):
            return None if line else found
        functions = functions_of(found)
        overloads = getattr(torch._jit_internal, "_overloaded_fns", {})
        for one in list(functions):  # which have the same name
            functions += overloads.get(torch._jit_internal._qualified_name(one)) or []
        for one in functions:
            if one.__code__.co_filename == file and one.__code__.co_firstlineno == line:
                return one
    return None


class ClassTrees:
    """The module ast, for a compiler that parses the whole text of a class for the assignments in it: again only where
    anything has changed but the functions."""

    def __init__(self) -> None:
        vars(self).update(vars(ast))
        self.known: Dict[Tuple[str, int], Tuple[List[str], Any]] = {}
        self.parse = self.parsed

    def parsed(self, text: str, *rest: Any, **named: Any) -> Any:
        lines = text.splitlines()
        key = (lines[0] if lines else "", len(lines))
        before, tree = self.known.get(key, ([], None))
        if tree is not None and not rest and not named:
            changed = {number for number, (one, other) in enumerate(zip(before, lines), 1) if one != other}
            for node in tree.body[0].body:
                if changed and isinstance(node, ast.FunctionDef):
                    changed.difference_update(range(node.lineno + 1, (node.end_lineno or 0) + 1))
            if not changed:
                return tree
        tree = ast.parse(text, *rest, **named)
        if len(tree.body) == 1 and isinstance(tree.body[0], ast.ClassDef) and hasattr(tree.body[0], "end_lineno"):
            self.known[key] = (lines, tree)
        return tree


def parsed_anew(found: Any) -> Any:
    """A parsed function that may be changed as the compiler does: its body and the annotations of its parameters."""
    tree = copy.copy(found.ast)
    function = copy.copy(tree.body[0])
    function.body = list(function.body)
    function.args = copy.copy(function.args)
    for name in ("args", "kwonlyargs"):
        setattr(function.args, name, [copy.copy(one) for one in getattr(function.args, name)])
    tree.body = [function]
    return found._replace(ast=tree)


def lines_now(file: str) -> Optional[List[str]]:
    """The lines that linecache has of a file."""
    entry: Any = linecache.cache.get(file)
    return entry[2] if entry is not None and len(entry) > 2 else None


def same_block(before: List[str], now: Optional[List[str]], found: Block) -> Optional[Block]:
    """The lines of a function or class and the number of the first, where its file has other text now, in which no line
    has another number: inspect would read the whole file, or go through the tokens."""
    number = found[1]
    if now is None or len(now) != len(before) or now[number - 1] != before[number - 1]:
        return None
    return now[number - 1 : number - 1 + len(found[0])], number


def remember_overloads(torch: Any) -> None:
    """Keep which classes of modules have no overloads: the compiler looks at all methods of all submodules for them."""
    recursive: Any = getattr(torch.jit, "_recursive", None)
    plain = getattr(recursive, "get_overload_annotations", None)
    if plain is None:
        return
    without: Set[Any] = set()

    def overloads_of(module: Any, *rest: Any) -> Any:
        if type(module) in without:
            return {}
        found = plain(module, *rest)
        if not found:
            without.add(type(module))
        return found

    recursive.get_overload_annotations = overloads_of


def pass_over_properties(torch: Any) -> None:
    """Look at the members of a class for properties to compile only where it has any."""
    homes = [getattr(torch.jit, "frontend", None), getattr(torch.jit, "_recursive", None)]
    plain = getattr(homes[0], "get_class_properties", None)

    def properties_of(kind: type, *rest: Any, **named: Any) -> Any:
        return plain(kind, *rest, **named) if has_properties(kind) else []  # type: ignore[misc]

    for home in homes:
        if plain is not None and getattr(home, "get_class_properties", None) is plain:
            home.get_class_properties = properties_of  # type: ignore[union-attr]


class Ahead:
    """What was compiled in the process that units are forked from, because one of them needed it.

    functions: those that compiled. overloads: what of these had overloads, by qualified name, as that was before.
    """

    def __init__(self) -> None:
        self.functions: Set[Any] = set()
        self.overloads: Dict[str, Any] = {}


def prepare(state: Dict[str, Any], torch: Any) -> None:
    """Have the compiler's Python half remember what it finds out, in this process and its forks."""
    if "sources" not in state:
        remember_overloads(torch)
        pass_over_properties(torch)
        state["sources"] = Sources(torch)


def learn(state: Dict[str, Any], learnt: Message) -> None:
    """Find out, and compile, what a unit needed that was forked from here: the next ones will have it."""
    import torch

    prepare(state, torch)
    state["sources"].find_out(learnt["sources"])
    ahead = state.setdefault("ahead", Ahead())
    functions = [one for one in map(at_address, learnt["functions"]) if one is not None and one not in ahead.functions]
    if not functions:
        return
    before = Leftovers(torch, ahead)
    for function in functions:
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if not torch.jit._script._get_overloads(function):  # those it compiles
                torch.jit._recursive.try_compile_fn(function, None)
    before.clear({})
    ahead.functions.update(before.added())
    ahead.overloads.update((name, known) for name, known in before.uncompiled.items() if name not in before.overloads)


def compile_object(state: Dict[str, Any], message: Message) -> Message:
    """Give the object, or one of its submodules, to the compiler; the answer is the verdict, with the error's text.

    `spent` in it: this process can compile nothing else, for what that would find of this time. `learnt`: what the
    process that it was forked from may know, too.
    """
    import torch

    first = "leftovers" not in state
    if first:
        left = state["leftovers"] = Leftovers(torch, state.setdefault("ahead", Ahead()))
        state["spent"] = not left.known
        gc.freeze()  # to go through all that was imported finds nothing, and takes long
        if left.known:
            prepare(state, torch)
    state["leftovers"].clear(message)
    if not state["spent"]:
        gone = [message.get(name) for name in ("without", "generated", "defaults", "function", "method")]
        state["sources"].taken = json.dumps(gone)
    answer = compiled(torch, state, message)
    answer["spent"] = state["spent"]
    if not state["spent"]:
        texts = message.get("overlay") or {}
        added = state["leftovers"].added() if first and not texts else []
        learnt = {
            "sources": state["sources"].told(texts),
            "functions": [place for place in map(address, added) if place is not None],
        }
        if any(learnt.values()):
            answer["learnt"] = learnt
    return answer


def compiled(torch: Any, state: Dict[str, Any], message: Message) -> Message:
    overlay(message)
    obj = placed(state)
    if message.get("target"):
        obj = submodule(obj, message["target"])
    started = time.perf_counter()
    try:
        take = state["leftovers"].take
        remove_properties(take, obj, message.get("without") or [])
        remove_named(take, message.get("generated") or [], state.setdefault("methods", {}))
        remove_defaults(take, message.get("defaults") or [])
        if message.get("function"):
            return only_function(torch, take, message["function"], message.get("method") or "", started)
        if message.get("method"):
            return only_method(torch, obj, message["method"], started)
        if message.get("kind") == "module" and not compiles_plain_modules(torch) and not is_compiled(torch, obj):
            if not is_inlined(obj, script_by_hand(torch, obj)):
                return {"ok": False, "uncompiled": "torch " + torch.__version__ + " leaves a plain module to Python"}
        else:
            script(torch, obj)
    except BaseException as error:
        answer = failure(error)
        answer["seconds"] = time.perf_counter() - started
        return answer
    return {"ok": True, "seconds": time.perf_counter() - started}


def compiles_plain_modules(torch: Any) -> bool:
    """Whether torch.jit.script takes an nn.Module: from 1.2 on."""
    return hasattr(torch.jit, "_recursive") or hasattr(torch.jit, "_convert_to_script_module")


def is_compiled(torch: Any, obj: Any) -> bool:
    """Whether it is what the compiler made; a ScriptModule is compiled while it is constructed."""
    homes = ((torch.jit, "ScriptModule"), (torch.jit, "ScriptFunction"), (torch._C, "Function"))
    kinds = [getattr(home, name, None) for home, name in homes]
    return isinstance(obj, tuple(kind for kind in kinds if inspect.isclass(kind)))


def script(torch: Any, obj: Any) -> Any:
    """Compile."""
    if is_compiled(torch, obj):
        return obj
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if hasattr(obj, "__script_if_tracing_wrapper"):
            obj = obj.__original_fn
        return torch.jit.script(obj)


def only_method(torch: Any, obj: Any, name: str, started: float) -> Message:
    """Compile one method of a module and what it calls, not its forward nor its submodules'."""
    recursive: Any = getattr(torch.jit, "_recursive", None)
    if not hasattr(obj, name):
        return {"ok": True, "seconds": 0.0}
    if not hasattr(recursive, "create_script_module"):  # torch 1.2 and 1.3 compile a module as a whole
        script(torch, obj)
        return {"ok": True, "seconds": time.perf_counter() - started}
    overloads = overloads_of_method(torch, obj, name)
    if overloads:
        stubs = recursive.make_stubs_for_overloads({getattr(obj, name): overloads})
    else:
        stubs = [recursive.make_stub_from_method(obj, name)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if hasattr(recursive, "get_property_stubs") and plain_inside(torch, obj):
            # What its submodules are told at first is nothing but their properties: they need not be made.
            kind = recursive.get_module_concrete_type(obj)
            compile_properties(recursive, obj, kind, set())
            recursive.create_methods_and_properties_from_stubs(kind, stubs, recursive.get_property_stubs(obj))
        else:
            given = inspect.signature(recursive.create_script_module).parameters
            of_all = "stubs" in given  # until torch 1.4: of this one, and of the others all that they have
            recursive.create_script_module(obj, stubs if of_all else lambda module: stubs if module is obj else [])
    return {"ok": True, "seconds": time.perf_counter() - started}


def plain_inside(torch: Any, obj: Any) -> bool:
    """Whether no submodule has anything but properties that is compiled before a method of another one asks for it: the
    methods of a ModuleDict or of an interface, what was compiled already. (Hooks need a forward.)"""
    kinds: Set[Any] = {type(module) for module in obj.modules()}
    early = (torch.nn.ModuleDict, torch.jit.ScriptModule)
    return not any(issubclass(kind, early) or has_interfaces(kind) for kind in kinds)


def compile_properties(recursive: Any, module: Any, kind: Any, done: Set[Any]) -> None:
    """Compile the properties of a module's submodules, inner ones first (``create_script_module_impl``). kind: the
    concrete type of the module; done: those of which that was done."""
    for name, inner in kind.get_modules():
        if inner in done:
            continue
        done.add(inner)
        part = getattr(module, name)
        cls: Any = type(part)
        compile_properties(recursive, part, inner, done)
        if has_properties(cls):
            recursive.create_methods_and_properties_from_stubs(inner, [], recursive.get_property_stubs(part))


@functools.lru_cache(maxsize=None)
def has_properties(kind: type) -> bool:
    """Whether the compiler compiles a property of a class (``get_class_properties``)."""
    import torch

    unused = getattr(kind, "__jit_unused_properties__", ())
    drops = getattr(torch._jit_internal, "should_drop", lambda getter: False)
    found = ((name, value) for base in kind.__mro__ for name, value in vars(base).items())
    return any(isinstance(value, property) and name not in unused and not drops(value.fget) for name, value in found)


def has_interfaces(kind: Any) -> bool:
    """Whether an attribute of a class is annotated with a module interface."""
    hints = getattr(kind, "__annotations__", {})
    return any(hasattr(value, "__torch_script_interface__") for value in hints.values())


def overloads_of_method(torch: Any, obj: Any, name: str) -> List[Tuple[str, Any]]:
    """What is compiled in place of a method that has overloads: (name, overload), as the compiler names them."""
    method = getattr(obj, name)
    find_all = getattr(torch._jit_internal, "_get_overloaded_methods", None)
    found = find_all(method, type(obj)) if find_all is not None and inspect.ismethod(method) else None
    return [(name + "__" + str(number), overload) for number, overload in enumerate(found or ())]


def only_function(torch: Any, take: Take, place: List[str], method: str, started: float) -> Message:
    """Compile one function or script class of a file, given by path and qualified name, if it is one.

    method: of a class, the one method that stays beside the constructor.
    """
    found = defined_at(*place)
    if inspect.isclass(found) and not issubclass(found, torch.nn.Module):
        leave_method(torch, take, found, method)
        script_class(torch, found)
    elif inspect.isfunction(found):
        overloads = getattr(getattr(torch.jit, "_script", None), "_get_overloads", None)
        if overloads is None or not overloads(found):  # those it compiles
            script(torch, found)
    return {"ok": True, "seconds": time.perf_counter() - started}


def defined_at(path: str, qualname: str) -> Any:
    """What has a qualified name in a file that was imported; None for nothing."""
    for module in modules_of(path):
        with contextlib.suppress(AttributeError, LookupError):
            return find(module, qualname)
    return None


def script_class(torch: Any, cls: Any) -> None:
    """Compile a class as one that an annotation leads to (``_recursive_compile_class``), which may inherit."""
    internal = torch._jit_internal
    register = getattr(getattr(torch.jit, "_script", None), "_compile_and_register_class", None)
    if register is None:
        script(torch, cls)
    else:
        register(cls, internal.createResolutionCallbackForClassMethods(cls), internal._qualified_name(cls))


_OPERATORS = {"__getitem__", "__setitem__", "__delitem__", "__contains__", "__len__"}


def leave_method(torch: Any, take: Take, cls: Any, method: str) -> None:
    """Take all methods but the constructor and one out of a script class. Those that these two may call stay without
    their bodies, as what is marked unused does: that leaves the types of their results."""
    kept = {"__init__", method}
    called = set(_OPERATORS)
    found = [(kind, name, value) for kind in cls.__mro__[:-1] for name, value in list(vars(kind).items())]
    for _, name, value in found:
        if name in kept:
            for function in functions_of(value):
                called |= names_in(function.__code__)
    unused: Any = getattr(getattr(torch._jit_internal, "FunctionModifiers", None), "UNUSED", None)
    for kind, name, value in found:
        if name in kept or not functions_of(value):
            continue
        if name in called and unused is not None and inspect.isfunction(value) and not value.__kwdefaults__:
            take(value, "_torchscript_modifier", unused)
        else:
            take(kind, name)


def functions_of(value: Any) -> List[Any]:
    """The functions that what a class holds consists of: a method, a property, a static or a class method."""
    if isinstance(value, property):
        found = [value.fget, value.fset, value.fdel]
    else:
        found = [value.__func__ if isinstance(value, (staticmethod, classmethod)) else value]
    return [one for one in found if inspect.isfunction(one)]


def names_in(code: Any) -> Set[str]:
    """The names that code looks up, in what it calls or holds."""
    inner = [one for one in code.co_consts if inspect.iscode(one)]
    return set(code.co_names).union(*map(names_in, inner))


def remove_properties(take: Take, obj: Any, getters: List[List[str]]) -> None:
    """Take properties whose getters, given by file and name, raise out of the classes of a module."""
    wanted = {(path, name) for path, name in getters}
    if not wanted or not hasattr(obj, "modules"):
        return
    for kind in {base for module in obj.modules() for base in type(module).__mro__}:
        for name, value in list(vars(kind).items()):
            code = getattr(getattr(value, "fget", None), "__code__", None)
            if code is not None and (real(code.co_filename), code.co_name) in wanted:
                take(kind, name)


def remove_named(take: Take, methods: List[str], known: Dict[str, List[Any]]) -> None:
    """Take methods, given by their qualified names, out of whichever class has them. known: the classes by the qualified
    names of their methods, of which this process has to go through all once."""
    if methods and not known:
        kinds: List[Any] = [object]
        seen: Set[int] = set()
        for kind in kinds:
            for inner in type.__subclasses__(kind):
                if id(inner) not in seen:
                    seen.add(id(inner))
                    kinds.append(inner)
            for name, value in list(vars(kind).items()):
                if inspect.isfunction(value):
                    known.setdefault(value.__qualname__, []).append((kind, name))
    for method in methods:
        for kind, name in known.get(method, []):
            take(kind, name)


def remove_defaults(take: Take, functions: List[List[str]]) -> None:
    """Take their defaults from functions, given by file and qualified name: the compiler asks the object."""
    for path, qualname in functions:
        found = inspect.unwrap(defined_at(path, qualname))
        if inspect.isfunction(found):
            take(found, "__defaults__")
            take(found, "__kwdefaults__")


def script_by_hand(torch: Any, obj: Any) -> Any:
    """A ScriptModule that calls a module: before torch 1.2, a plain one is compiled only where it is weak script."""
    parameters, comment = called_with(torch, obj)
    given = ", ".join(parameters)
    source = (
        "class _Caller(torch.jit.ScriptModule):\n"
        "    def __init__(self, inner):\n"
        "        super(_Caller, self).__init__()\n"
        "        self.inner = inner\n"
        "\n"
        "    @torch.jit.script_method\n"
        "    def forward(self, " + given + "):\n"
        "        " + comment + "\n"
        "        return self.inner(" + given + ")\n"
    )
    name = "<jitlint caller>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    names: Dict[str, Any] = {"torch": torch, "__name__": "_jitlint_caller"}
    exec(compile(source, name, "exec"), names)
    return names["_Caller"](obj)


def called_with(torch: Any, obj: Any) -> Tuple[List[str], str]:
    """How a caller hands on what a module's forward takes: the parameters' names, and the comment with their types."""
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    try:
        given = inspect.signature(obj.forward).parameters.values()
        parameters = [parameter.name for parameter in given if parameter.kind not in kinds]
    except (TypeError, ValueError):
        return ["x"], ""
    try:
        types, result = torch.jit.annotations.get_signature(obj.forward)
    except Exception:  # there are none, or they are what the compiler will reject
        return parameters, ""
    return parameters, "# type: (" + ", ".join(map(str, types)) + ") -> " + str(result)


def is_inlined(obj: Any, caller: Any) -> bool:
    """Whether a module that is called was compiled into its caller: no node of the graph is a Python call of it."""
    return not any(node.kind() == "prim::PythonOp" and node.pyobj() is obj for node in caller.graph.nodes())


def weak(state: Dict[str, Any], message: Message) -> Message:
    """Whether a ScriptModule that calls the object inlines it; on torch before 1.2, where there is weak script."""
    import torch

    if not hasattr(torch._jit_internal, "weak_script_method"):
        return {"ok": False, "text": "this torch has no weak script", "type": "", "frames": []}
    obj = state["object"]
    return {"ok": True, "inlined": is_inlined(obj, script_by_hand(torch, obj))}


# --- running ----------------------------------------------------------------------------------------------------------

_RUNS = 4  # the profiling executor specialises after the second


def compare(state: Dict[str, Any], message: Message) -> Message:
    """Run eager and compiled on the same inputs; the answer tells where they differ.

    Each has a copy of the object of its own, and the first run is compared with the first, the second with the second:
    what counts its calls, or learns from them, changes in both alike.
    """
    import torch

    obj = placed(state)
    module = load_module(state, message["module"], message["path"])
    arguments, keywords = example_inputs(expression(message["inputs"], module), state.get("device", "cpu"))
    overlay(message)
    differences: List[str] = []
    ways: List[Tuple[str, Any]] = [("compiled", script(torch, twin(obj)))]
    if message.get("kind") == "module" and hasattr(torch.jit, "freeze") and not state.get("train"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ways.append(("frozen", torch.jit.freeze(script(torch, twin(obj)).eval())))
        except Exception as error:
            differences.append("torch.jit.freeze fails: " + brief(error))
    with torch.no_grad():
        eager = twin(obj)
        expected = [seeded(torch, eager, arguments, keywords) for _ in range(_RUNS)]
        for name, compiled in ways:
            for run in range(_RUNS):
                try:
                    found = seeded(torch, compiled, arguments, keywords)
                except Exception as error:
                    differences.append("run " + str(run + 1) + ", " + name + ": " + brief(error))
                    break
                where = difference(torch, expected[run], found, "the output")
                if where:
                    differences.append("run " + str(run + 1) + ", " + name + ": " + where)
                    break
    return {"ok": True, "differences": differences}


def twin(obj: Any) -> Any:
    """A copy; the thing itself where it cannot be copied."""
    try:
        return copy.deepcopy(obj)
    except Exception:
        return obj


def example_inputs(given: Any, device: str) -> Tuple[List[Any], Dict[str, Any]]:
    """A tuple holds the arguments, a dict with strings for keys the keywords; anything else is the one argument."""
    if isinstance(given, tuple):
        return [moved(one, device) for one in given], {}
    if isinstance(given, dict) and all(isinstance(key, str) for key in given):
        return [], {key: moved(given[key], device) for key in given}
    return [moved(given, device)], {}


def moved(value: Any, device: str) -> Any:
    if hasattr(value, "detach") and hasattr(value, "to"):
        return value.to(device)
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)([moved(one, device) for one in value])
    if type(value) is dict:
        return {key: moved(value[key], device) for key in value}
    return value


def copied(value: Any) -> Any:
    if hasattr(value, "detach") and hasattr(value, "clone"):
        return value.detach().clone()
    if type(value) in (list, tuple):
        return type(value)([copied(one) for one in value])
    if type(value) is dict:
        return {key: copied(value[key]) for key in value}
    return value


def seeded(torch: Any, function: Callable[..., Any], arguments: List[Any], keywords: Dict[str, Any]) -> Any:
    """The result on copies of the inputs, with the random numbers always the same."""
    torch.manual_seed(0)
    return function(*[copied(one) for one in arguments], **{key: copied(keywords[key]) for key in keywords})


_TOLERANCE = {
    "float16": 1e-2,
    "bfloat16": 2e-2,
    "float32": 1e-4,
    "complex64": 1e-4,
    "float64": 1e-7,
    "complex128": 1e-7,
}


def difference(torch: Any, one: Any, other: Any, where: str) -> str:
    """In words where two results differ; empty where they do not."""
    if torch.is_tensor(one) or torch.is_tensor(other):
        if not (torch.is_tensor(one) and torch.is_tensor(other)):
            return where + " is " + type(one).__name__ + " in eager, " + type(other).__name__ + " here"
        if one.dtype != other.dtype:
            return where + " is " + str(one.dtype) + " in eager, " + str(other.dtype) + " here"
        if tuple(one.shape) != tuple(other.shape):
            return where + " has the shape " + str(tuple(one.shape)) + " in eager, " + str(tuple(other.shape)) + " here"
        if one.device != other.device:
            return where + " is on " + str(one.device) + " in eager, on " + str(other.device) + " here"
        one, other = one.detach().cpu(), other.detach().cpu()
        tolerance = _TOLERANCE.get(str(one.dtype).replace("torch.", ""), 0.0)
        same = (one == other) | ((one != one) & (other != other))
        if tolerance and one.numel():
            size = one.abs().to(torch.float64)
            finite = size[size == size]
            finite = finite[finite != float("inf")]
            largest = float(finite.max()) if finite.numel() else 0.0
            gap = (one - other).abs().to(torch.float64)
            same = same | (gap <= tolerance * size + tolerance * largest + 1e-12)
        if not bool(same.all()):
            wrong = int((~same).sum()) if str(same.dtype) == "torch.bool" else int((same == 0).sum())
            return where + " differs from eager's in " + str(wrong) + " of " + str(one.numel()) + " values"
        return ""
    if isinstance(one, dict) and isinstance(other, dict):
        if set(one) != set(other):
            return where + " has other keys than eager's"
        parts = [(one[key], other[key], where + "[" + repr(key) + "]") for key in one]
    elif isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        if len(one) != len(other):
            return where + " has " + str(len(one)) + " items in eager, " + str(len(other)) + " here"
        parts = [(one[i], other[i], where + "[" + str(i) + "]") for i in range(len(one))]
    else:
        if isinstance(one, float) and isinstance(other, float):
            close = one == other or abs(one - other) <= 1e-6 * max(1.0, abs(one)) or (one != one and other != other)
            return "" if close else where + " is " + repr(one) + " in eager, " + repr(other) + " here"
        plain = (int, float, bool, str, type(None))
        if isinstance(one, plain) and (type(one) is not type(other) or one != other):
            return where + " is " + repr(one)[:60] + " in eager, " + repr(other)[:60] + " here"
        return ""
    for first, second, name in parts:
        found = difference(torch, first, second, name)
        if found:
            return found
    return ""


# --- the user's tests -------------------------------------------------------------------------------------------------


class Catcher:
    """A pytest plugin: remembers instances of the wanted classes as they are made."""

    def __init__(self, wanted: List[List[str]]) -> None:
        self.wanted = {(qualname, os.path.realpath(path)) for qualname, path in wanted}
        self.made: Dict[str, List[Any]] = {}
        self.called: Dict[str, Any] = {}
        self.keys: Dict[Any, str] = {}

    def key(self, cls: Any) -> str:
        """The name under which instances of a class are kept; empty where it is not wanted."""
        found = self.keys.get(cls)
        if found is None:
            file = getattr(sys.modules.get(cls.__module__), "__file__", None) or ""
            place = (cls.__qualname__, os.path.realpath(file))
            found = self.keys[cls] = place[1] + ":" + place[0] if place in self.wanted else ""
        return found

    def start(self) -> None:
        import torch

        module = torch.nn.Module
        first, call = module.__init__, module.__call__

        def made(this: Any, *args: Any, **kwargs: Any) -> None:
            first(this, *args, **kwargs)
            key = self.key(type(this))
            if key:
                kept = self.made.setdefault(key, [])
                kept.append(this)
                del kept[:-4]

        def called(this: Any, *args: Any, **kwargs: Any) -> Any:
            result = call(this, *args, **kwargs)
            key = self.key(type(this))
            if key:
                self.called[key] = this
            return result

        module.__init__ = made
        module.__call__ = called

    def caught(self) -> Dict[str, Any]:
        """One instance for each class: one that ran, else the last one whose constructor came to its end."""
        found = dict(self.called)
        for key in self.made:
            for one in reversed(self.made[key]):
                if key not in found and "training" in vars(one):
                    found[key] = one
        return found


def tests(state: Dict[str, Any], message: Message) -> Message:
    """Run the user's tests and keep the instances of the wanted classes that they make."""
    import torch

    try:
        import pytest
    except ImportError:
        return {"ok": False, "type": "", "text": "pytest is not installed beside this torch", "frames": []}
    init, call = torch.nn.Module.__init__, torch.nn.Module.__call__
    catcher = Catcher(message["classes"])
    catcher.start()
    started = time.perf_counter()
    try:
        arguments = ["-p", "no:cacheprovider"] + list(message["arguments"])
        status = int(pytest.main(arguments, plugins=[catcher]))
    finally:
        torch.nn.Module.__init__ = init
        torch.nn.Module.__call__ = call
    state["caught"] = catcher.caught()
    return {"ok": True, "status": status, "seconds": time.perf_counter() - started, "caught": sorted(state["caught"])}


COMMANDS: Dict[str, Callable[[Dict[str, Any], Message], Message]] = {
    "setup": setup,
    "probe": probe,
    "usable": usable,
    "import": load,
    "lacks": lacks,
    "build": build,
    "compile": compile_object,
    "weak": weak,
    "compare": compare,
    "tests": tests,
}


def hello() -> Message:
    """What the first node is: versions, where packages are, whether it can fork; or why there is no torch."""
    import site

    answer: Message = {"protocol": PROTOCOL, "python": ".".join(map(str, sys.version_info[:3])), "prefix": sys.prefix}
    folders = list(getattr(site, "getsitepackages", list)())
    answer["site"] = [path for path in dict.fromkeys(folders + sys.path) if path.endswith("-packages")]
    answer["fork"] = hasattr(os, "fork") and not os.environ.get("JITLINT_VERIFY_NO_FORK")
    started = time.perf_counter()
    try:
        import torch

        with contextlib.suppress(AttributeError, RuntimeError):
            torch.set_num_threads(1)  # threads and forks do not go together
        answer["torch"] = str(torch.__version__)
        answer["ok"] = True
        with contextlib.suppress(ImportError):
            import torch.jit.frontend
    except BaseException as error:
        answer.update(failure(error))
    answer["seconds"] = time.perf_counter() - started
    return answer


def main() -> None:
    """Take the pipes out of reach, import torch, serve."""
    inp, out = os.dup(0), os.dup(1)
    for number, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
        quiet = os.open(os.devnull, mode)
        os.dup2(quiet, number)
        os.close(quiet)
    if sys.path and os.path.realpath(sys.path[0] or ".") == os.path.dirname(os.path.realpath(__file__)):
        del sys.path[0]
    sys.dont_write_bytecode = True
    warnings.simplefilter("ignore")
    _libc()
    adopt_orphans()
    node = Node(inp, out)
    node.send(hello())
    with contextlib.suppress(OSError, KeyboardInterrupt):
        node.serve()
    for child in node.children.values():
        kill_group(child.pid)
    end_descendants()
    os._exit(0)


if __name__ == "__main__":
    main()
