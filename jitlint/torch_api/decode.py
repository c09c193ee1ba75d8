"""The coded rows of a data file to the dataclasses of `entries`. The codes are those of `build_names` and
`build_modules`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitlint.torch_api import entries
from jitlint.torch_api.entries import NOT_LITERAL, REQUIRED, Attribute, ClassEntry, Entry, Method, PythonValue
from jitlint.torch_api.schema import SchemaError, parse_schema, parse_type
from jitlint.types.model import UNKNOWN, Schema, Type

if TYPE_CHECKING:
    from collections.abc import Mapping


def decode_entry(name: str, row: list[Any], classes: Mapping[str, Type]) -> Entry | None:
    """The entry that `row` codes; None for what the builder left unknown."""
    match row:
        case ["o", op]:
            return entries.Operator(name, op)
        case ["f", str(text)]:
            return entries.Function(name, schema(text, classes))
        case ["f", None, error, function]:
            return entries.Function(name, None, error, function)
        case ["v", texts]:
            return entries.Overloaded(name, tuple(schema(text, classes) for text in texts))
        case ["b", flag, position, default, if_true, if_false]:
            on, off = decode_entry(name, if_true, classes), decode_entry(name, if_false, classes)
            if isinstance(on, entries.Function) and isinstance(off, entries.Function):
                return entries.BooleanDispatch(name, flag, position, default, on, off)
        case ["s", form, _]:
            return entries.Special(name, form)
        case ["l", dtype]:
            return entries.LegacyConstructor(name, dtype)
        case ["S", text]:
            return entries.ScriptedFunction(name, schema(text, classes))
        case ["r", message]:
            return entries.Refused(name, message)
        case ["c", type_text, value, python_type]:
            decoded = literal(value)
            value = None if decoded is NOT_LITERAL else decoded
            return entries.ConstantValue(name, type_of(type_text, classes), value, python_type)
        case ["p", *_]:
            return python_value(name, row, classes)
        case ["k", kind, bases, python, special, fields, members, qualified, error, annotation]:
            return ClassEntry(
                name,
                kind,
                tuple(bases),
                python_value(name, python, classes) if python else None,
                decode_entry(name, special, classes) if special else None,
                tuple((field, type_of(text, classes)) for field, text in fields),
                tuple((member, literal(value)) for member, value in members),
                qualified or name,
                error,
                type_of(annotation, classes) if annotation else None,
            )
    return None


def python_value(name: str, row: list[Any], classes: Mapping[str, Type]) -> PythonValue:
    _, python_type, callable_, text, vararg, parameters, error, annotation, printed = row
    return PythonValue(
        name,
        python_type,
        callable_,
        schema(printed + text, classes) if text else None,
        vararg,
        tuple(parameters),
        error,
        type_of(annotation, classes) if annotation else None,
        printed,
    )


def schema(text: str, classes: Mapping[str, Type]) -> Schema:
    return parse_schema(text, classes)


def type_of(text: str | None, classes: Mapping[str, Type]) -> Type:
    if text is None:
        return UNKNOWN
    try:
        return parse_type(text, classes)
    except SchemaError:
        return UNKNOWN


def literal(value: Any) -> Any:
    """The inverse of `build_probe.literal`."""
    match value:
        case {"f": text}:
            return float(text)
        case {"c": [real, imaginary]}:
            return complex(literal(real), literal(imaginary))
        case {"t": items}:
            return tuple(literal(item) for item in items)
        case {"d": pairs}:
            return {literal(key): literal(item) for key, item in pairs}
        case {"?": _}:
            return NOT_LITERAL
        case list():
            return [literal(item) for item in value]
    return value


def decode_module(name: str, row: dict[str, Any], classes: Mapping[str, Type]) -> entries.ModuleClassFacts:
    return entries.ModuleClassFacts(
        name=name,
        qualified=row["qualified"],
        bases=tuple(row["bases"]),
        constructor=tuple(
            entries.Parameter(parameter[0], parameter[1], literal(parameter[2]) if len(parameter) > 2 else REQUIRED)
            for parameter in row["constructor"]
        ),
        members=frozenset(row["members"]),
        container=row.get("container", ""),
        lazy=bool(row.get("lazy")),
        probed="methods" in row,
        arguments=tuple((argument, literal(value)) for argument, value in row.get("arguments", ())),
        error=row.get("error", ""),
        attributes=attributes(row.get("attributes", {}), classes),
        methods=methods(row.get("methods", {}), classes),
        variants=tuple(variant(one, classes) for one in row.get("variants", ())),
    )


def variant(row: list[Any], classes: Mapping[str, Type]) -> entries.Variant:
    arguments, changes = row
    return entries.Variant(
        tuple(
            (name, entries.Described(value["?"]) if isinstance(value, dict) and "?" in value else literal(value))
            for name, value in arguments
        ),
        attributes(changes.get("attributes", {}), classes),
        methods(changes.get("methods", {}), classes),
        changes.get("error"),
    )


def attributes(rows: dict[str, list[Any]], classes: Mapping[str, Type]) -> dict[str, Attribute]:
    found = {}
    for name, row in rows.items():
        match row:
            case ["parameter" | "buffer" | "attribute" | "constant" as kind, text, value, *follows]:
                found[name] = Attribute(
                    name, kind, type_of(text, classes), literal(value), from_parameter=bool(follows)
                )
            case ["module" | "function" | "builtin" as kind, class_name]:
                found[name] = Attribute(name, kind, class_name=class_name)
            case ["failed", message]:
                found[name] = Attribute(name, "failed", message=message)
            case ["absent"]:
                found[name] = Attribute(name, "absent")
    return found


def methods(rows: dict[str, list[Any]], classes: Mapping[str, Type]) -> dict[str, Method]:
    """By name; the compiled overloads ``forward__0``, ``forward__1`` of LSTM are gathered under ``forward``."""
    found = {}
    overloads: dict[str, list[Schema]] = {}
    for name, row in rows.items():
        if row[0] is None:
            found[name] = Method(name, None, row[1])
            continue
        parsed = schema(row[0], classes)
        base, separator, number = name.rpartition("__")
        if separator and base and number.isdigit():
            overloads.setdefault(base, []).append(parsed)
        found[name] = Method(name, parsed)
    for name, schemas in overloads.items():
        found[name] = Method(name, None, overloads=tuple(schemas))
    return found
