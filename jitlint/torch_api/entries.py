"""What a dotted name of torch, the standard library or ``builtins`` is to the compiler: one dataclass per kind.

Mirrors the outcomes of ``toSugaredValue`` (``torch/csrc/jit/python/python_sugared_value.cpp``); the letters of the
catalogue's ``resolve/ALGORITHM.md`` section 2 name the rules. `match` on the class to tell them apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitlint.types.model import Schema, Type


@dataclass(frozen=True, slots=True)
class Entry:
    """Base. `name` is the canonical dotted name (``torch.nn.Linear`` for ``torch.nn.modules.linear.Linear``)."""

    name: str


@dataclass(frozen=True, slots=True)
class Missing(Entry):
    """A name that its namespace lacks. `namespace` is the nearest module that exists; the compiler says
    ``module 'torch' has no attribute 'foo'``-like things (`message` has its exact first line)."""

    namespace: str
    message: str


@dataclass(frozen=True, slots=True)
class Namespace(Entry):
    """A Python module. `special` for ``torch.cuda``, whose attributes the compiler looks up in a table first.
    `covered` is false where the data says nothing of what it holds."""

    covered: bool = True
    special: bool = False


@dataclass(frozen=True, slots=True)
class Operator(Entry):
    """A builtin found by `_find_builtin`: `op` is its symbol (``aten::relu``). Look its overloads up with
    `TorchAPI.schemas`; none means that calling it fails with ``Unknown builtin op: aten::x.``"""

    op: str


@dataclass(frozen=True, slots=True)
class Function(Entry):
    """A Python function of torch, which the compiler compiles when it meets the name (not only when called).

    `schema` is None where that fails; `error` then has the compiler's message (first paragraph, without
    source excerpts), `error_function` the function in which it is raised (its own name, or a callee's).
    """

    schema: Schema | None
    error: str = ""
    error_function: str = ""


@dataclass(frozen=True, slots=True)
class Overloaded(Entry):
    """A function with ``torch.jit._overload`` signatures, tried in order."""

    schemas: tuple[Schema, ...]


@dataclass(frozen=True, slots=True)
class BooleanDispatch(Entry):
    """``torch._jit_internal.boolean_dispatch``: a flag that must be known at compile time picks the function.

    `flag` is its keyword, `position` its 0-based position, `default` its default.
    """

    flag: str
    position: int
    default: bool
    if_true: Function
    if_false: Function


@dataclass(frozen=True, slots=True)
class Special(Entry):
    """A special form of the compiler: `form` is the name under which the compiler knows it (``prim::fork``,
    ``annotate``, ``isinstance``, ``slice``, ``inf``, ``range``, ``print``...)."""

    form: str


@dataclass(frozen=True, slots=True)
class LegacyConstructor(Entry):
    """``torch.FloatTensor`` and its like. `dtype` is ``float32``..."""

    dtype: str


@dataclass(frozen=True, slots=True)
class ScriptedFunction(Entry):
    """An object that is a ScriptFunction already."""

    schema: Schema


@dataclass(frozen=True, slots=True)
class Refused(Entry):
    """Naming it is an error, whatever is done with it: ``Python builtin <built-in function f> is currently not
    supported in Torchscript``. `message` may hold ``0x...`` nowhere: addresses are cut out."""

    message: str


@dataclass(frozen=True, slots=True)
class ConstantValue(Entry):
    """A constant, where it is reached as attribute of a Python module (``math.pi``; a bare global ``pi`` is a Python
    value of type `python_type`). `value` is None, bool, int, float, complex, str; the int behind a dtype, layout
    or memory format; the text of a device. None with a `type` that is
    not None's: a value that differs between machines, builds or versions of Python (``sys.platform``)."""

    type: Type
    value: object
    python_type: str


@dataclass(frozen=True, slots=True)
class PythonValue(Entry):
    """An object the compiler knows nothing of. As a value: ``python value of type 'T' cannot be used as a value``
    with `python_type` for T.

    Called, it is a call into Python with `schema`, if it has annotations (``vararg`` in the schema for ``*args``);
    without any (`schema` None, `call_error` empty) every argument must be a Tensor and the result is a Tensor, with
    `parameters` the names, if known. `call_error` is the message where calling is refused. `callable_` is false for
    objects that cannot be called at all. `annotation` is the type it stands for in annotations, if any.
    `printed` is its name in the schema that a failed call prints (``Random.choice``; empty for some objects).
    """

    python_type: str
    callable_: bool = True
    schema: Schema | None = None
    vararg: bool = False
    parameters: tuple[str, ...] = ()
    call_error: str = ""
    annotation: Type | None = None
    printed: str = ""


@dataclass(frozen=True, slots=True)
class ClassEntry(Entry):
    """A Python class. `kind`: ``module`` (nn.Module subclass), ``exception`` (subclass of Exception, usable in raise),
    ``base-exception``, ``enum``, ``namedtuple``, ``function`` (autograd.Function), ``script`` (compilable as a script
    class), ``tensor`` (torch.Tensor subclass), ``type`` (an annotation: torch.device...),
    ``other``.

    `bases` are dotted names, the whole mro after itself, without ``object``. `python` says what calling it does where
    it is no script class, NamedTuple or exception. `special` is set for a class that the compiler treats as a builtin
    or special form too (``torch.device``, ``builtins.int``).
    `fields` of a NamedTuple: names to types; `members` of an enum: names to values. `qualified` is where it is defined
    (the compiler prints ``__torch__.`` before it). `error`: merely naming the class is refused with that message (the
    compiler tries to compile it as a script class). `annotation` is the type it stands for in annotations.
    """

    kind: str
    bases: tuple[str, ...] = ()
    python: PythonValue | None = None
    special: Entry | None = None
    fields: tuple[tuple[str, Type], ...] = ()
    members: tuple[tuple[str, object], ...] = ()
    qualified: str = ""
    error: str = ""
    annotation: Type | None = None


# --- nn.Module classes -----------------------------------------------------------------------------------


class Unset:
    """The default of a parameter without one, and of a default that is no literal."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


REQUIRED = Unset("REQUIRED")
NOT_LITERAL = Unset("NOT_LITERAL")


@dataclass(frozen=True, slots=True)
class Described:
    """Stands for an argument that is no literal: an instance of class `name`, or the function `name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """A constructor's parameter, without `self`. `kind`: ``positional`` (or keyword), ``keyword`` (only), ``*``,
    ``**``. `default` is a Python literal, REQUIRED or NOT_LITERAL."""

    name: str
    kind: str = "positional"
    default: object = REQUIRED


@dataclass(frozen=True, slots=True)
class Attribute:
    """What an attribute of an instance is to the compiler.

    `kind`: ``parameter``, ``buffer``, ``attribute``, ``constant`` (known at compile time: `value`), ``module``
    (`class_name`), ``failed`` (exists in Python, has no TorchScript type; `message` is the compiler's when
    it is read), ``function`` and ``builtin`` (`class_name` is the dotted name), ``absent`` (in some instances only).
    `value` is the value that the instance had where it is a literal (also for plain attributes); `from_parameter`: it
    was the constructor argument of the same name, unchanged.
    """

    name: str
    kind: str
    type: Type | None = None
    value: object = NOT_LITERAL
    class_name: str = ""
    message: str = ""
    from_parameter: bool = False


@dataclass(frozen=True, slots=True)
class Method:
    """A method as the compiler sees it when it is called on an instance: `schema` (with `self`), or `error`."""

    name: str
    schema: Schema | None
    error: str = ""
    overloads: tuple[Schema, ...] = ()


@dataclass(frozen=True, slots=True)
class Variant:
    """Where an instance built otherwise differs: `arguments` are the keyword arguments that make it so; `attributes`
    and `methods` hold only what differs from the default instance; `error`, where not None, replaces the class's one
    ("": this instance compiles). An argument that is no literal is a `Described`."""

    arguments: tuple[tuple[str, object], ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    methods: Mapping[str, Method] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ModuleClassFacts:
    """What is known of a class of ``torch.nn`` (or ``torch.ao.nn``).

    `name` canonical; `qualified` as the compiler prints it (``torch.nn.modules.linear.Linear``); `bases` the mro after
    itself; `container` is ``Sequential``, ``ModuleList``, ``ModuleDict``, ``ParameterList``, ``ParameterDict`` or "";
    `lazy`: refused until its parameters are there. `probed` is false where no instance could be built by the builder
    (then nothing below `constructor` is known). `arguments`: what the instance was built with. `error` is the
    compiler's message where that instance does not compile.
    `methods` has `forward`, what else compiles, and what fails when called; nn.Module's own (``parameters``,
    ``train``...) are with ``torch.nn.Module`` alone (`TorchAPI.module_method` looks there). LSTM's and GRU's forward
    has `overloads` and no `schema`. `members` names what the class itself has and nn.Module has not (of nn.Module, all):
    methods, properties, values of class attributes.
    """

    name: str
    qualified: str
    bases: tuple[str, ...]
    constructor: tuple[Parameter, ...]
    members: frozenset[str]
    container: str = ""
    lazy: bool = False
    probed: bool = False
    arguments: tuple[tuple[str, object], ...] = ()
    error: str = ""
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    methods: Mapping[str, Method] = field(default_factory=dict)
    variants: tuple[Variant, ...] = ()

    @property
    def forward(self) -> Schema | None:
        method = self.methods.get("forward")
        return method.schema if method else None
