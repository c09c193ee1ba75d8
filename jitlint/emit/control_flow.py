"""``if``, loops and ``assert``: frames, joins, static branches (``emitIfElseBlocks``, ``emitLoopCommon``)."""

from __future__ import annotations

from jitlint.emit.conditions import Condition, emit_condition, insert_refinements
from jitlint.emit.convert import as_val
from jitlint.emit.emitter import Emitter
from jitlint.emit.environment import Frame
from jitlint.emit.exits import check_guarded, check_loop_guard
from jitlint.emit.iteration import Iteration, iterate, unrolled_elements
from jitlint.emit.module_facts import is_settled
from jitlint.emit.values import UNKNOWN_VAL, ModuleRef, Opaque, Sugared, SugaredTuple, Val
from jitlint.emit.variables import hides, widened
from jitlint.syntax import tree
from jitlint.types.model import ANY, UNKNOWN, Type
from jitlint.types.relations import contains_unknown, unify

_DEEP_LOOPS = 4  # the bodies of unrolled loops multiply: inside so many of them, one element stands for all


def emit_if(e: Emitter, statement: tree.If, rest: tuple[tree.Stmt, ...]) -> bool:
    """Whether both arms exit. A static condition leaves only the arm taken, emitted in the current frame."""
    from jitlint.emit.statements import emit_block

    condition = emit_condition(e, statement.cond)
    if condition.static is not None:
        insert_refinements(e, condition.true if condition.static else condition.false)
        return emit_block(e, statement.true if condition.static else statement.false)

    arms: list[tuple[Frame, bool]] = []
    for refinements, body, words in (
        (condition.true, statement.true, condition.when_true),
        (condition.false, statement.false, condition.when_false),
    ):
        with e.pushed() as frame, e.under(words, condition.unresolved):
            frame.soft = condition.maybe_static
            insert_refinements(e, refinements)
            exits = emit_block(e, body)
            arms.append((frame, exits))
    (true, true_exits), (false, false_exits) = arms
    join(e, statement, true, true_exits, false, false_exits, uncertain=condition.maybe_static)
    if not condition.maybe_static:
        check_guarded(e, statement, true_exits, false_exits, rest)
        check_loop_guard(e, statement, rest)
    if condition.maybe_static and (true_exits or false_exits):
        e.uncertain_exit = True
    if condition.maybe_static and (true_exits or false_exits) and not (true_exits and false_exits):
        # The rest of the block exists only where the arm that exits was not the one the compiler chose.
        e.condition = condition.when_false if true_exits else condition.when_true
        e.doubt = e.doubt or condition.unresolved
    return true_exits and false_exits


def join(
    e: Emitter,
    statement: tree.If,
    true: Frame,
    true_exits: bool,
    false: Frame,
    false_exits: bool,
    uncertain: bool,
) -> None:
    """After the arms: names both can see get one type; for the others a note says why they are gone."""
    if true_exits and false_exits:
        return
    frame = e.frame
    names = dict.fromkeys([*true.stored, *false.stored])
    for name in names:
        in_true = true.values.get(name) or (None if true_exits else frame.find(name))
        in_false = false.values.get(name) or (None if false_exits else frame.find(name))
        if true_exits and not false_exits:
            chosen = in_false
            if name in false.values and isinstance(chosen, Val):
                _store(frame, name, chosen, false)
            continue
        if false_exits and not true_exits:
            chosen = in_true
            if name in true.values and isinstance(chosen, Val):
                _store(frame, name, chosen, true)
            continue
        if in_true is None or in_false is None:
            if uncertain:
                frame.values[name] = UNKNOWN_VAL
                continue
            arm = "true" if in_true is None else "false"
            if frame.find_torn(name) is not None:
                frame.torn[name] = UNKNOWN
            frame.notes[name] = (
                "JIT202",
                f"{name} is not defined in the {arm} branch",
                None,
            )
            continue
        if not isinstance(in_true, Val) or not isinstance(in_false, Val):
            for side in (in_true, in_false):
                if hides(side) and not isinstance(side, ModuleRef) and not uncertain:
                    as_val(e, statement.at, side)
            if in_true is not in_false:
                frame.values[name] = UNKNOWN_VAL
            continue
        _join_values(e, statement, name, in_true, in_false, uncertain)
    for name in [*true.values, *false.values]:
        if name in names:
            continue
        # A sugared value bound in an arm is lost after it.
        if frame.find(name) is None and not uncertain and _surely_sugared(true, false, name):
            frame.notes.setdefault(name, ("JIT301", f"undefined value {name}", None))
        elif frame.find(name) is None:
            frame.notes.setdefault(name, ("", "", None))
            frame.values.setdefault(name, UNKNOWN_VAL)
    for one, exits in ((true, true_exits), (false, false_exits)):
        if not exits:
            for name, note in one.notes.items():
                frame.notes.setdefault(name, note)


def _surely_sugared(true: Frame, false: Frame, name: str) -> bool:
    found = [arm.values[name] for arm in (true, false) if name in arm.values]
    return all(not isinstance(value, (Val, Opaque)) for value in found)


def _store(frame: Frame, name: str, value: Val, source: Frame) -> None:
    frame.values[name] = value
    frame.stored[name] = source.stored.get(name, value.type)


def _join_values(e: Emitter, statement: tree.If, name: str, in_true: Val, in_false: Val, uncertain: bool) -> None:
    frame = e.frame
    outer = frame.find(name)
    to_union = isinstance(outer, Val) and widened(outer.type)
    hint = outer.type if isinstance(outer, Val) and outer.type != ANY else None
    joined = unify(in_true.type, in_false.type, to_union, hint)
    if uncertain and (joined is None or in_true.type != in_false.type):
        joined = UNKNOWN
    if joined is None:
        text = (
            f"Type mismatch: {name} is set to type {in_true.type} in the true branch and type {in_false.type} in the "
            "false branch"
        )
        if outer is not None:
            e.report(
                "JIT204",
                statement.at,
                text,
                f"'{name}' is {in_true.type} after the true branch and {in_false.type} after the false one",
            )
            frame.values[name] = UNKNOWN_VAL
        else:
            frame.notes[name] = ("JIT204", text, None)
            # The pass that joins what is stored (``ConvertToSSA``) takes the Union, which a loop may not get along with.
            frame.torn[name] = unify(in_true.type, in_false.type, True) or UNKNOWN
        return
    frame.values[name] = Val(joined)
    frame.stored[name] = joined


def emit_assert(e: Emitter, statement: tree.Assert) -> bool:
    """``assert c, m`` is ``if c: pass`` else raise: whether it surely exits. The message is not looked at where `c` is
    statically true."""
    from jitlint.emit.expressions import emit_expr

    condition = emit_condition(e, statement.test)
    if condition.static is not True and statement.message is not None:
        with e.pushed(), e.under(condition.when_false, condition.unresolved):
            insert_refinements(e, condition.false)
            emit_expr(e, statement.message)
    insert_refinements(e, condition.true)
    return condition.static is False


def emit_while(e: Emitter, statement: tree.While) -> None:
    with e.pushed():
        condition = emit_condition(e, statement.cond)
    _emit_loop_body(e, statement, None, condition)


def emit_for(e: Emitter, statement: tree.For) -> bool:
    iteration = iterate(e, statement.iter)
    if iteration.unrolled:
        return _emit_unrolled(e, statement, unrolled_elements(iteration), iteration.doubtful)
    _emit_loop_body(e, statement, iteration, None)
    return False


def _emit_loop_body(
    e: Emitter, statement: tree.For | tree.While, iteration: Iteration | None, condition: Condition | None
) -> None:
    from jitlint.emit.assignments import assign_target
    from jitlint.emit.statements import emit_block

    if condition is not None and condition.static is False and e.module and not is_settled(e.module.shape):
        # What decides it may be set otherwise in the instances that are compiled.
        return
    # The condition is emitted in a frame of its own: it refines nothing in the body. The body is always emitted.
    outer = e.frame
    uncertain = iteration is not None and iteration.uncertain
    with e.pushed() as frame, e.under("", iteration is not None and iteration.doubtful):
        frame.soft = uncertain
        frame.loop = not uncertain
        e.loops.append("either" if uncertain else "real")
        if isinstance(statement, tree.For) and iteration is not None:
            assign_target(e, statement.target, iteration.element)
        emit_block(e, statement.body)
        e.loops.pop()
    if uncertain:
        # Unrolled, it would leave its names behind, of whatever type.
        for name, value in frame.values.items():
            before = outer.find(name)
            if not (isinstance(before, Val) and isinstance(value, Val) and before.type == value.type):
                outer.values[name] = UNKNOWN_VAL
        return
    for name, stored in frame.stored.items():
        before = outer.find(name)
        if isinstance(before, Val):
            if not contains_unknown(before.type):
                _join_loop(e, statement, name, e.frame.find_stored(name) or before.type, stored)
        elif before is None:
            torn = outer.find_torn(name)
            if torn is not None:
                _join_loop(e, statement, name, torn, stored)
                outer.torn[name] = UNKNOWN
            outer.notes.setdefault(name, ("JIT301", f"undefined value {name}", None))


def _join_loop(e: Emitter, statement: tree.For | tree.While, name: str, entered: Type, stored: Type) -> None:
    """The loop-carried type: what was stored before and what the body stores must unify, whatever is annotated."""
    if contains_unknown(entered) or contains_unknown(stored):
        return
    if unify(entered, stored) is None:
        e.report(
            "JIT215",
            statement.at,
            "bad optional access",
            f"'{name}' is {entered} before the loop and {stored} after an iteration; the compiler crashes on it",
        )


def _emit_unrolled(e: Emitter, statement: tree.For, elements: list[Sugared] | None, doubtful: bool) -> bool:
    from jitlint.emit.assignments import assign_target
    from jitlint.emit.statements import emit_block

    e.loops.append("unrolled")
    deep = len(e.loops) > _DEEP_LOOPS
    exits = False
    try:
        if elements is None:
            # Of unknown length: once, for what holds of every element; nothing is sure to be defined after it.
            with e.pushed() as frame, e.under("", doubtful):
                assign_target(e, statement.target, UNKNOWN_VAL)
                emit_block(e, statement.body)
            for name in frame.values:
                e.frame.values[name] = UNKNOWN_VAL
            return False
        previous: list[object] = []
        for element in elements:
            if deep and previous:
                break
            if previous.count(_shape_key(element)) >= 2:
                continue
            previous.append(_shape_key(element))
            assign_target(e, statement.target, element)
            if emit_block(e, statement.body):
                exits = True
                break
    finally:
        e.loops.pop()
    return exits


def _shape_key(element: object) -> object:
    match element:
        case ModuleRef(shape=shape):
            return id(shape)
        case SugaredTuple(elements=elements):
            return tuple(_shape_key(part) for part in elements)
        case Val(type=kind):
            return kind
    return id(element)
