"""One traced function, statement by statement: what the tracer bakes in, and what it cannot give back."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from jitlint.project.definitions import Scope
from jitlint.project.targets import BoundValue
from jitlint.tracing.kinds import Kind, Kinds
from jitlint.tracing.reporting import Report
from jitlint.tracing.sites import TRACE, TRACE_MODULE

BOOLEAN = "Converting a tensor to a Python boolean might cause the trace to be incorrect"
ITERATION = "Iterating over a tensor might cause the trace to be incorrect"
LENGTH = "Using len to get tensor shape might cause the trace to be incorrect"
NESTED = "Tracing can't be nested"
LIST_OUTPUT = "Encountering a list at the output of the tracer might cause the trace to be incorrect"
DICT_OUTPUT = "Encountering a dict at the output of the tracer might cause the trace to be incorrect"
BAD_OUTPUT = "Only tensors, lists, tuples of tensors, or dictionary of tensors can be output from traced functions"
NO_OUTPUT = (
    "The traced function didn't return any values! Side-effects are not captured in traces, so it would be a no-op."
)
NONDETERMINISTIC = "Trace had nondeterministic nodes"
DIFFERS = "Graphs differed across invocations!"
GRADIENT = "Cannot insert a Tensor that requires grad as a constant"

_CONVERSIONS = {"int": "integer", "float": "float", "bool": "boolean", "round": "float"}
_METHOD_CONVERSIONS = {"item": "number", "tolist": "list", "numpy": "NumPy array"}
_CONSTRUCTORS = frozenset({"torch.tensor", "torch.as_tensor", "torch.from_numpy"})
_RANDOM_NUMBERS = frozenset(f"random.{name}" for name in ("random", "uniform", "gauss", "normalvariate", "betavariate"))
_RANDOM_OPS = frozenset(
    f"torch.{name}"
    for name in ("rand", "randn", "randint", "rand_like", "randn_like", "bernoulli", "multinomial", "normal")
)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_CONDITIONAL = (ast.IfExp, ast.BoolOp, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class BodyWalk:
    """The walk over one traced function.

    strict: whether lists and dictionaries as outputs are refused or warned about. checked: whether torch compares a
    second trace with the first. evaluated: whether the module may be in evaluation mode.
    """

    def __init__(
        self, kinds: Kinds, report: Report, *, strict: bool, checked: bool, evaluated: bool, method: bool
    ) -> None:
        self.kinds = kinds
        self.report: Report = report
        self.strict = strict
        self.checked = checked
        self.evaluated = evaluated
        self.method = method
        self.depth = 0  # how many branches and loops are open: what stands in one may never run
        self.left = False  # whether a branch may have left the function
        self.returns: list[ast.Return] = []

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Walk a function's body and judge what it gives back."""
        self.block(node.body)
        if any(isinstance(inner, ast.Yield | ast.YieldFrom | ast.Raise) for inner in own_nodes(node.body)):
            return
        self._outputs(node)

    def expression_body(self, node: ast.Lambda) -> None:
        """Walk a lambda: its body is what it returns."""
        self.expression(node.body)
        if problem := self._output_problem(node.body):
            self.report("JIT801", node.body, problem[0], problem[1])

    @property
    def certain(self) -> bool:
        """Whether what stands here runs in every trace."""
        return not self.depth and not self.left

    # -- statements

    def block(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                self.expression(value)
                for target in targets:
                    self.assign(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self.expression(value)
                self.assign(target, value)
            case ast.AugAssign(target=target, value=value):
                self.expression(value)
                if isinstance(target, ast.Name):
                    load = ast.copy_location(ast.Name(target.id, ast.Load()), target)
                    self.kinds.names[target.id] = self.kinds.of(ast.BinOp(load, node.op, value))
            case ast.If(test=test, body=body, orelse=orelse):
                self.truth(test)
                self.branches(body, orelse)
            case ast.While(test=test, body=body, orelse=orelse):
                self.settle([*body, *orelse])
                self.truth(test)
                self.branches(body, orelse)
            case ast.For(target=target, iter=iterable, body=body, orelse=orelse):
                self.iteration(iterable)
                self.forget(target)
                if isinstance(target, ast.Name) and self.kinds.of(iterable) is Kind.TENSOR:
                    self.kinds.names[target.id] = Kind.TENSOR
                self.settle([*body, *orelse])
                self.branches(body, orelse)
            case ast.Assert(test=test):
                self.truth(test)
            case ast.Return(value=value):
                if value is not None:
                    self.expression(value)
                self.returns.append(node)
            case ast.Expr(value=value):
                self.expression(value)
            case ast.With(items=items, body=body):
                for item in items:
                    self.expression(item.context_expr)
                self.block(body)
            case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
                self.forget(node)
                self.branches([*body, *orelse], [s for handler in handlers for s in handler.body])
                self.block(finalbody)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                self.kinds.names[name] = Kind.UNKNOWN
            case _:
                self.forget(node)

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        match target:
            case ast.Name(id=name):
                self.kinds.names[name] = self.kinds.of(value)
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                kind = self.kinds.of(value)
                if kind is Kind.TENSOR:
                    self.report("JIT813", value, ITERATION)
                for inner in targets:
                    if isinstance(inner, ast.Name):
                        self.kinds.names[inner.id] = {Kind.TENSOR: Kind.TENSOR, Kind.SHAPE: Kind.SIZE}.get(
                            kind, Kind.UNKNOWN
                        )

    def branches(self, *blocks: Sequence[ast.stmt]) -> None:
        """Blocks of which one may run: a name keeps its kind where all agree."""
        before = dict(self.kinds.names)
        after: list[dict[str, Kind]] = []
        self.depth += 1
        for block in blocks:
            self.kinds.names.clear()
            self.kinds.names.update(before)
            self.block(block)
            after.append(dict(self.kinds.names))
        self.depth -= 1
        self.left = self.left or any(_leaves(block) for block in blocks)
        self.kinds.names.clear()
        for name in {name for names in after for name in names}:
            found = {names.get(name, Kind.UNKNOWN) for names in after}
            self.kinds.names[name] = found.pop() if len(found) == 1 else Kind.UNKNOWN

    def settle(self, body: Sequence[ast.stmt]) -> None:
        """Before a loop: a name keeps its kind only if the body leaves it as it is, however often it runs."""
        report, returns, left = self.report, list(self.returns), self.left
        self.report = _silent
        for _ in range(4):
            before = dict(self.kinds.names)
            self.branches(body)
            after = dict(self.kinds.names)
            self.kinds.names.clear()
            for name, kind in before.items():
                self.kinds.names[name] = kind if after.get(name) is kind else Kind.UNKNOWN
            if self.kinds.names == before:
                break
        else:
            for statement in body:
                self.forget(statement)
        self.report, self.returns, self.left = report, returns, left

    def forget(self, node: ast.AST) -> None:
        """Nothing is known any more of the names that a statement binds anywhere inside."""
        for inner in own_nodes([node]):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store | ast.Del):
                self.kinds.names[inner.id] = Kind.UNKNOWN

    # -- expressions

    def expression(self, node: ast.expr) -> None:
        """Everything inside an expression that the tracer bakes in."""
        match node:
            case ast.Lambda():
                return
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                self.iteration(node.generators[0].iter)
                return
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self.truth(test)
                self.depth += 1
                self.expression(body)
                self.expression(orelse)
                self.depth -= 1
                return
            case ast.BoolOp(values=values):
                for value in values[:-1]:
                    self.truth(value)
                self.expression(values[-1])
                return
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.truth(operand)
                return
            case ast.Call():
                self.call(node)
            case ast.BinOp(left=left, right=right):
                self.operands(node, left, right)
            case ast.Attribute(value=ast.Name(id="self"), attr="training") if self.method:
                self.report(
                    "JIT817",
                    node,
                    "",
                    "the training flag is read once, while tracing; train() and eval() change nothing later",
                )
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.expression(child)
            elif isinstance(child, ast.keyword):
                self.expression(child.value)

    def truth(self, test: ast.expr) -> None:
        """An expression whose truth decides something."""
        match test:
            case ast.BoolOp(values=values):
                for value in values:
                    self.truth(value)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.truth(operand)
            case _:
                self.expression(test)
                if self.kinds.of(test) in (Kind.TENSOR, Kind.SIZE):
                    self.report("JIT811", test, BOOLEAN)

    def iteration(self, iterable: ast.expr) -> None:
        """What a loop or a comprehension runs over."""
        sources = [iterable]
        if isinstance(iterable, ast.Call) and self.kinds.external(iterable.func) in (
            "builtins.enumerate",
            "builtins.zip",
        ):
            sources = list(iterable.args)
        for source in sources:
            if self.kinds.of(source) is Kind.TENSOR:
                self.report("JIT813", source, ITERATION)
        self.expression(iterable)

    def operands(self, node: ast.BinOp, left: ast.expr, right: ast.expr) -> None:
        if not self.checked or not self.certain:
            return
        for one, other in ((left, right), (right, left)):
            if (
                isinstance(one, ast.Call)
                and self.kinds.external(one.func) in _RANDOM_NUMBERS
                and self.kinds.of(other) is Kind.TENSOR
            ):
                self.report("JIT806", one, DIFFERS)

    def call(self, node: ast.Call) -> None:
        function = node.func
        name = self.kinds.external(function)
        if name in TRACE | TRACE_MODULE:
            if self.certain:
                self.report("JIT803", node, NESTED)
        elif name in _CONSTRUCTORS:
            self.report("JIT814", node, f"{name} results are registered as constants in the trace")
        elif name in _RANDOM_OPS:
            if self.checked:
                self.report("JIT816", node, NONDETERMINISTIC)
        elif name in ("torch.dropout", "torch.nn.functional.dropout"):
            self.dropout(node)
        elif name == "builtins.range":
            for argument in node.args:
                if self.kinds.of(argument) in (Kind.INPUT, Kind.TENSOR, Kind.SIZE):
                    self.report("JIT812", argument, "", "the number of steps is a constant of the trace")
        elif name == "builtins.len" and node.args and self.kinds.of(node.args[0]) is Kind.TENSOR:
            self.report("JIT812", node, LENGTH)
        elif name.startswith(("builtins.", "math.")) and node.args:
            kind = self.kinds.of(node.args[0])
            to = _CONVERSIONS.get(name.removeprefix("builtins."), "float" if name.startswith("math.") else "")
            if to and (kind in (Kind.TENSOR, Kind.SIZE) or (kind is Kind.INPUT and to != "boolean")):
                said = f"Converting a tensor to a Python {to} might cause the trace to be incorrect"
                self.report("JIT811" if to == "boolean" else "JIT812", node, said)
        elif isinstance(function, ast.Attribute):
            self.method_call(node, function)

    def method_call(self, node: ast.Call, function: ast.Attribute) -> None:
        owner = function.value
        if isinstance(owner, ast.Name) and owner.id == "self":
            layer = self.kinds.layers.get(function.attr, "")
            if (
                layer.startswith("torch.nn.")
                and layer.rpartition(".")[2].startswith("Dropout")
                and self.checked
                and not self.evaluated
            ):
                self.report("JIT816", node, "does not match the corresponding output of the Python function")
            return
        to = _METHOD_CONVERSIONS.get(function.attr)
        kind = self.kinds.of(owner)
        detached = (
            isinstance(owner, ast.Call)
            and isinstance(owner.func, ast.Attribute)
            and owner.func.attr in ("detach", "cpu")
        )
        if detached:
            kind = self.kinds.of(owner.func.value)  # type: ignore[attr-defined]
        if to and kind in (Kind.TENSOR, Kind.INPUT):
            python = "" if to == "NumPy array" else "Python "
            self.report("JIT812", node, f"Converting a tensor to a {python}{to} might cause the trace to be incorrect")

    def dropout(self, node: ast.Call) -> None:
        training = node.args[2] if len(node.args) > 2 else None
        for keyword in node.keywords:
            if keyword.arg in ("training", "train"):
                training = keyword.value
        if self.checked and (training is None or (isinstance(training, ast.Constant) and training.value is True)):
            self.report("JIT816", node, NONDETERMINISTIC)

    # -- outputs

    def _outputs(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if not self.returns:
            self.report("JIT801", node, NO_OUTPUT)
            return
        problems = [(inner, self._output_problem(inner.value)) for inner in self.returns]
        if all(problem is not None for _, problem in problems):
            for inner, problem in problems:
                if problem is not None:
                    self.report("JIT801", inner, problem[0], problem[1])
        elif self.strict:
            for inner in self.returns:
                if isinstance(inner.value, ast.List | ast.ListComp):
                    self.report("JIT815", inner, LIST_OUTPUT)

    def _output_problem(self, value: ast.expr | None) -> tuple[str, str] | None:
        """What torch says to this output, and our words for it; None where it may be accepted."""
        if value is None or (isinstance(value, ast.Constant) and value.value is None):
            return NO_OUTPUT, "a traced function must return a tensor"
        if isinstance(value, ast.Dict | ast.DictComp):
            if self.strict and not (isinstance(value, ast.Dict) and not value.keys):
                return DICT_OUTPUT, "a dictionary can be returned only with strict=False"
            return None
        parts = value.elts if isinstance(value, ast.Tuple) else [value]
        for part in parts:
            if self.kinds.of(part) in (Kind.NONE, Kind.PLAIN):
                return BAD_OUTPUT, f"{ast.unparse(part)} is not a tensor: a traced function can return tensors only"
        return None


def gradient_constants(kinds: Kinds, statements: Sequence[ast.stmt], report: Report) -> None:
    """Global tensors that require gradients and that a statement, which surely runs, computes with."""
    for statement in statements:
        if not isinstance(statement, ast.Return | ast.Assign | ast.AugAssign | ast.Expr):
            if _leaves([statement]):
                return
            continue
        for node in own_nodes([statement], (*_SCOPES, *_CONDITIONAL)):
            if isinstance(node, ast.BinOp):
                for operand in (node.left, node.right):
                    if (
                        isinstance(operand, ast.Name)
                        and operand.id not in kinds.names
                        and _requires_grad(kinds, operand)
                    ):
                        report("JIT805", operand, GRADIENT)


def _requires_grad(kinds: Kinds, name: ast.Name) -> bool:
    targets = kinds.project.resolve(kinds.scope, name.id)
    if len(targets) != 1 or not isinstance(targets[0], BoundValue):
        return False
    binding, scope = targets[0].binding, targets[0].scope
    if scope.kind != "module" or binding.kind != "assign" or binding.guard or len(scope.bindings.get(name.id, ())) != 1:
        return False
    made = binding.node
    if not isinstance(made, ast.Call) or _used_elsewhere(scope, name.id):
        return False
    called = kinds.project.external_name(scope, made.func) or ""
    flags = {keyword.arg: keyword.value for keyword in made.keywords}
    flag = flags.get("requires_grad")
    if called in ("torch.nn.Parameter", "torch.nn.parameter.Parameter"):
        return flag is None and len(made.args) == 1
    return called.startswith("torch.") and isinstance(flag, ast.Constant) and flag.value is True


def _used_elsewhere(scope: Scope, name: str) -> bool:
    """Whether a method may switch the gradient off again."""
    return any(f"{name}.requires_grad" in line or f"{name}.detach_" in line for line in scope.module.lines)


def _silent(code: str, node: ast.AST, torch_message: str, message: str = "") -> None:
    """A report that goes nowhere."""


def _leaves(statements: Sequence[ast.AST]) -> bool:
    """Whether a return or raise stands anywhere inside."""
    return any(isinstance(node, ast.Return | ast.Raise) for node in own_nodes(statements))


def own_nodes(statements: Sequence[ast.AST], closed: tuple[type[ast.AST], ...] = _SCOPES) -> Iterator[ast.AST]:
    """The nodes of statements, without those inside functions and classes (inside the `closed` kinds of nodes)."""
    waiting = list(statements)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, closed):
            waiting.extend(ast.iter_child_nodes(node))
