"""Configuration: where it is found, what it may say, and how mistakes in it are named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support import WriteTree

from jitlint.config import ConfigError, Configuration, Settings, parse_pair
from jitlint.environment import NEWEST_TORCH, package_root, site_packages, torch_version
from jitlint.findings.registry import Rule


def load(root: Path, **options: object) -> Settings:
    return Configuration(working_directory=str(root), **options).for_folder(str(root))  # type: ignore[arg-type]


def test_all_keys(write_tree: WriteTree) -> None:
    root = write_tree({
        "pyproject.toml": """
            [tool.jitlint]
            select = ["JIT2", "ALL"]
            ignore = ["JIT203"]
            extend-select = ["variable-changes-type"]
            include = ["*.py", "*.pyw"]
            exclude = ["gen"]
            extend-exclude = ["other"]
            respect-gitignore = false
            force-exclude = true
            torch-version = "1.13.1"
            python-version = "3.10"
            src = ["lib"]
            scope = "reachable"
            entry-points = ["a.b:C"]
            script-calls = ["checkScript"]
            [tool.jitlint.per-file-ignores]
            "tests/*" = ["JIT2"]
        """
    })  # fmt: skip
    settings = load(root)
    assert settings == Settings(
        root=str(root),
        config_file=str(root / "pyproject.toml"),
        select=("JIT2", "ALL"),
        ignore=("JIT203",),
        extend_select=("variable-changes-type",),
        per_file_ignores=(("tests/*", ("JIT2",)),),
        include=("*.py", "*.pyw"),
        exclude=("gen",),
        extend_exclude=("other",),
        respect_gitignore=False,
        force_exclude=True,
        torch_version="1.13.1",
        python_version="3.10",
        src=("lib",),
        scope="reachable",
        entry_points=("a.b:C",),
        script_calls=("checkScript",),
    )
    assert settings.filter.exclude == ("gen", "other")


def test_the_nearest_file_counts(write_tree: WriteTree) -> None:
    root = write_tree({
        "pyproject.toml": "[tool.jitlint]\nscope = 'reachable'\n",
        "a/pyproject.toml": "[project]\nname = 'a'\n",
        "a/deep/x.py": "",
        "b/jitlint.toml": "torch-version = '1.0'",
        "b/pyproject.toml": "[tool.jitlint]\ntorch-version = '2.0'",
        "b/c/.jitlint.toml": "",
    })  # fmt: skip
    found = Configuration()
    assert found.for_folder(str(root / "a/deep")).scope == "reachable"
    assert found.for_folder(str(root / "a/deep")).root == str(root)
    assert found.for_folder(str(root / "b")).torch_version == "1.0"
    assert found.for_folder(str(root / "b")).scope == "all", "files are not merged"
    assert found.for_folder(str(root / "b/c")).root == str(root / "b/c")


def test_without_a_file_the_project_is_the_root(write_tree: WriteTree) -> None:
    root = write_tree({"p/setup.py": "", "p/pkg/a.py": "", "q/a.py": ""})
    found = Configuration(working_directory=str(root))
    assert found.for_folder(str(root / "p/pkg")).root == str(root / "p")
    assert found.for_folder(str(root / "q")).root == str(root)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("pyproject.toml", "[tool.jitlint]\n\nselct = []\n", "3: unknown key 'selct' (did you mean 'select'?)"),
        (
            "jitlint.toml",
            "scope = 'all'\ntorch_version = '2'\n",
            "2: unknown key 'torch_version' (did you mean 'torch-version'?)",
        ),
        ("jitlint.toml", "zzz = 1\n", "1: unknown key 'zzz' (known keys: select,"),
        (
            "pyproject.toml",
            "[other]\nselect=1\n[tool.jitlint]\nselect = 'JIT2'\n",
            "4: 'select' must be a list of strings, not 'JIT2'",
        ),
        (
            "jitlint.toml",
            "select = ['JIT2', 3]\n",
            "1: 'select' must be a list of strings, not a list with int 3 in it",
        ),
        ("jitlint.toml", "respect-gitignore = 'yes'\n", "1: 'respect-gitignore' must be true or false, not 'yes'"),
        (
            "jitlint.toml",
            "torch-version = 2.1\n",
            "1: 'torch-version' must be a string such as '2.13.0', not float 2.1",
        ),
        ("jitlint.toml", "torch-version = 'new'\n", "1: 'torch-version' must be"),
        ("jitlint.toml", "scope = 'some'\n", "1: 'scope' must be 'all' or 'reachable', not 'some'"),
        ("jitlint.toml", "per-file-ignores = ['a']\n", "1: 'per-file-ignores' must be a table"),
        ("jitlint.toml", "[per-file-ignores]\na = 'JIT2'\n", "1: 'per-file-ignores.a' must be a list of strings"),
        (
            "jitlint.toml",
            "ignore = ['JIT2033']\n",
            "1: 'ignore' names an unknown rule 'JIT2033' (did you mean 'JIT203'?)",
        ),
        ("jitlint.toml", "ignore = ['variable-change-type']\n", "(did you mean 'variable-changes-type'?)"),
        ("jitlint.toml", "a = 1\nselect = [\n", "2: not valid TOML"),
        ("jitlint.toml", b"a = '\xff'\n", "not UTF-8"),
        ("pyproject.toml", "[tool]\njitlint = 3\n", "2: tool.jitlint must be a table"),
        ("pyproject.toml", "[tool.jitlint.per-file-ignores]\n'a' = 1\n", "1: 'per-file-ignores.a' must be"),
    ],
)
def test_mistakes_are_named(
    write_tree: WriteTree, monkeypatch: pytest.MonkeyPatch, file: str, text: str | bytes, message: str
) -> None:
    root = write_tree({file: text})
    monkeypatch.chdir(root)
    with pytest.raises(ConfigError) as caught:
        load(root)
    assert str(caught.value).startswith(file + ":")
    assert message in str(caught.value)


def test_the_command_line_wins(write_tree: WriteTree) -> None:
    root = write_tree(
        {"jitlint.toml": "scope = 'reachable'\nentry-points = ['a:b']\nselect = ['JIT2']\n", "x.toml": ""}
    )
    assert load(root, isolated=True).scope == "all"
    assert load(root, file=str(root / "x.toml")).scope == "all"
    settings = load(root, overrides={"select": ["JIT3"]}, extra={"entry-points": ["c:d"]})
    assert settings.select == ("JIT3",)
    assert settings.entry_points == ("a:b", "c:d")
    assert settings.scope == "reachable"
    with pytest.raises(ConfigError, match="command line: 'select' names an unknown rule 'XYZ'"):
        load(root, overrides={"select": ["XYZ"]})
    with pytest.raises(ConfigError, match="command line: 'extend-select' names an unknown rule"):
        load(root, extra={"extend-select": ["XYZ"]})


def test_pairs() -> None:
    assert parse_pair("select = ['JIT2']") == ("select", ["JIT2"])
    assert parse_pair("per-file-ignores.'a' = ['JIT2']") == ("per-file-ignores", {"a": ["JIT2"]})
    with pytest.raises(ConfigError, match="neither a file nor KEY=VALUE"):
        parse_pair("select=JIT2")


def rule(code: str = "JIT203", default: bool = True) -> Rule:
    return Rule(code, "variable-changes-type", "error", "none", "", "", "", default, "", "")


@pytest.mark.parametrize(
    ("settings", "selected"),
    [
        (Settings(), True),
        (Settings(ignore=("JIT2",)), False),
        (Settings(select=("JIT2",)), True),
        (Settings(select=("JIT3",)), False),
        (Settings(select=("JIT3",), extend_select=("JIT20",)), True),
        (Settings(select=("JIT2",), ignore=("JIT203",)), False),
        (Settings(select=("JIT203",), ignore=("JIT2",)), True),
        (Settings(select=("JIT203",), ignore=("JIT203",)), False),
        (Settings(select=("ALL",), ignore=("variable-changes-type",)), False),
        (Settings(ignore=("ALL",)), False),
        (Settings(root="/r", per_file_ignores=(("a.py", ("JIT2",)),)), False),
        (Settings(root="/r", per_file_ignores=(("pkg/*", ("JIT2",)),)), False),
        (Settings(root="/r", per_file_ignores=(("!pkg/*", ("JIT2",)),)), True),
        (Settings(root="/r", per_file_ignores=(("!other/*", ("JIT2",)),)), False),
        (Settings(root="/r", per_file_ignores=(("b.py", ("JIT2",)), ("a.py", ("JIT3",)))), True),
    ],
)
def test_selection(settings: Settings, selected: bool) -> None:
    assert settings.selects(rule(), "/r/pkg/a.py") is selected


def test_advice_has_to_be_selected() -> None:
    advice = rule("JIT705", default=False)
    assert not Settings().selects(advice, "/a.py")
    assert Settings(select=("ALL",)).selects(advice, "/a.py")
    assert Settings(extend_select=("JIT705",)).selects(advice, "/a.py")
    assert Settings(extend_select=("ALL",)).selects(rule("JIT301"), "/a.py")


def test_rules_about_the_run_itself_survive_a_selection() -> None:
    assert Settings(select=("JIT2",)).selects(rule("JIT901"), "/a.py")
    assert not Settings(select=("JIT2",)).selects(rule("JIT903"), "/a.py")
    assert not Settings(ignore=("JIT901",)).selects(rule("JIT901"), "/a.py")


def test_torch_version(write_tree: WriteTree) -> None:
    site = ".venv/lib/python3.11/site-packages"
    root = write_tree({
        f"{site}/torch/version.py": "from typing import Optional\n__version__ = '2.4.1+cu121'\n",
        "locked/uv.lock": '[[package]]\nname = "torchvision"\nversion = "0.1"\n\n[[package]]\nname = "torch"\nversion = "2.2.0"\n',
        "required/requirements-dev.txt": "torchvision==0.3\ntorch[opt]==1.13.1  # old\n",
        "nothing/requirements.txt": "torch>=2\n",
    })  # fmt: skip
    environment = site_packages(str(root))
    assert environment == (str(root / site),)
    assert torch_version("1.0", str(root), environment) == "1.0"
    assert torch_version("", str(root), environment) == "2.4.1"
    assert torch_version("", str(root / "locked"), ()) == "2.2.0"
    assert torch_version("", str(root / "required"), ()) == "1.13.1"
    assert torch_version("", str(root / "nothing"), ()) == NEWEST_TORCH


def test_the_active_environment_comes_first(write_tree: WriteTree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_tree(
        {"e/lib/python3.9/site-packages/a.py": "", "e/lib/python3.12/site-packages/a.py": "", "p/a.py": ""}
    )
    monkeypatch.setenv("VIRTUAL_ENV", str(root / "e"))
    assert [os.path.relpath(path, root / "e/lib") for path in site_packages(str(root / "p"))] == [
        "python3.12/site-packages",
        "python3.9/site-packages",
    ]


def test_package_root(write_tree: WriteTree) -> None:
    root = write_tree({"s/p/__init__.py": "", "s/p/q/__init__.py": "", "s/p/q/m.py": "", "s/x.py": ""})
    assert package_root(str(root / "s/p/q/m.py")) == str(root / "s")
    assert package_root(str(root / "s/p")) == str(root / "s")
    assert package_root(str(root / "s")) == str(root / "s")
    assert package_root(str(root / "s/x.py")) == str(root / "s")
