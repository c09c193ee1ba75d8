"""The page of `--output-format html` in a real browser: headless Chromium opens it as a file and clicks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jitlint.findings.model import Result
from jitlint.report import render
from jitlint.report.style import Style
from jitlint.runner import check

pytest.importorskip("selenium", reason="selenium is not installed")
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER), reason="there is no Chromium (Debian: apt-get install chromium chromium-driver)"
    ),
]

HEAD = """\
import torch
from torch import nn

from pkg.blocks import scale

# </script><img src=x onerror="window.sprung = 1">


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(3)])

    def forward(self, x):
        for i in range(len(self.layers)):  # </pre></code><script>window.sprung = 1</script>
            x = self.layers[i](x)
        return scale(x)


class Fine(nn.Module):
    def forward(self, x):
        return x * 2


class Numbers(nn.Module):
    def forward(self, x):
        total = 0
        for i in range(3):
            total = total + 0.5
        return x * total
"""
BLOCKS = """\
def scale(x):
    return {x: "<img src=x onerror='window.sprung = 1'>"}, {1}
"""
UNSURE = """\
from torch import nn

from elsewhere import make


class Unsure(nn.Module):
    def forward(self, x):
        return make(x)
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A small package; its first finding is said to be confirmed."""
    folder = tmp_path_factory.mktemp("project") / "pkg"
    folder.mkdir()
    for name, text in (("__init__", ""), ("head", HEAD), ("blocks", BLOCKS), ("unsure", UNSURE)):
        (folder / f"{name}.py").write_text(text)
    found = check([str(folder)], use_cache=False, jobs=1, fixes=True)
    first, *others = found.findings
    return replace(found, findings=(replace(first, verdict="confirmed", verdict_reason="<b>so</b>"), *others))


def many(result: Result) -> Result:
    """So many findings that nothing is open at first."""
    return replace(result, findings=result.findings + 30 * (result.findings[0],))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.add_argument("--window-size=1300,900")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=DRIVER))
    yield driver
    driver.quit()


class Page:
    """The page in the browser, as a reader has it."""

    def __init__(self, browser: Any, path: Path, fragment: str = "") -> None:
        self.browser = browser
        browser.get("about:blank")  # else a change of the fragment alone loads nothing
        browser.get(path.as_uri() + fragment)

    def find(self, selector: str) -> Any:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def seen(self, selector: str) -> list[Any]:
        """The elements that show."""
        return [one for one in self.browser.find_elements(By.CSS_SELECTOR, selector) if one.is_displayed()]

    def ids(self, selector: str) -> list[str]:
        return [one.get_attribute("id") for one in self.seen(selector)]

    def units(self) -> list[str]:
        """The names of the units that show."""
        return [one.find_element(By.TAG_NAME, "code").text for one in self.seen(".u")]

    def codes(self) -> list[str]:
        """The rules of the findings that show."""
        return [one.get_attribute("data-r") for one in self.seen(".f")]

    def status(self) -> str:
        return str(self.find("#status").text)

    def choose(self, name: str, value: str) -> None:
        self.find(f"input[name={name}][value={value}]").click()

    def search(self, text: str) -> None:
        field = self.find("input[name=text]")
        field.clear()
        field.send_keys(text)

    def until(self, condition: Any) -> None:
        WebDriverWait(self.browser, 10, 0.02).until(lambda _: condition())

    def focused(self) -> str:
        return str(self.browser.switch_to.active_element.text)


@pytest.fixture
def load(browser: Any, result: Result, tmp_path: Path) -> Iterator[Any]:
    """Opens the page of a result; whatever is done to it, its console holds nothing."""

    def load(some: Result = result, fragment: str = "", base: Path | None = None) -> Page:
        path = tmp_path / "report.html"
        base = base or Path(result.units[0].path).parents[1]
        path.write_text("\n".join(render(some, "html", Style(False, str(base)))) + "\n", encoding="utf-8")
        return Page(browser, path, fragment)

    yield load
    assert browser.get_log("browser") == []


def test_what_is_there_at_first(load: Any, result: Result) -> None:
    page = load()
    assert page.find("h1").text == "pkg"
    assert page.status() == f"{len(result.findings)} findings, 4 units"
    assert sorted(page.units()) == ["Fine", "Head", "Numbers", "Unsure"]
    assert len(page.seen(".f")) == len(result.findings)
    assert {one.find_element(By.TAG_NAME, "mark").text for one in page.seen(".f")} == {"self.layers[i]", "total", "{1}"}
    assert "'make' could not be resolved" in page.find(".why").text
    assert page.seen(".diff")


def test_nothing_of_the_source_runs_or_becomes_an_element(load: Any, browser: Any) -> None:
    page = load()
    assert browser.execute_script("return [document.images.length, document.scripts.length, typeof window.sprung]") == [
        0, 1, "undefined",
    ]  # fmt: skip
    assert "<script>window.sprung = 1</script>" in page.find("#tree").text
    assert "<b>so</b>" in page.find(".f[data-x=confirmed]").text


def test_searching(load: Any, result: Result) -> None:
    page = load(many(result))
    assert page.seen(".f") == []
    assert page.units() == []
    page.search("numbers total")
    page.until(lambda: page.units() == ["Numbers"])
    assert page.codes() == ["JIT203"]
    assert page.status() == f"1 of {len(result.findings) + 30} findings, 1 of 4 units"
    page.search("pkg.head.fine")
    page.until(lambda: page.units() == ["Fine"])
    assert page.codes() == []
    page.search("layers[i]")
    page.until(lambda: "Head" in page.units())
    assert set(page.codes()) == {"JIT223"}
    page.search("no such thing anywhere")
    page.until(lambda: page.seen("#nothing"))
    assert page.seen("details.n") == []
    page.find("#nothing button").click()
    page.until(lambda: page.status() == f"{len(result.findings) + 30} findings, 4 units")
    assert page.seen(".f") == []  # folded as before
    assert not page.seen("#nothing")


def test_filtering(load: Any, result: Result) -> None:
    page = load()
    page.choose("verdict", "unknown")
    page.until(lambda: page.units() == ["Unsure"])
    page.choose("verdict", "accepted")
    page.until(lambda: sorted(page.units()) == ["Fine", "Unsure"])
    assert page.codes() == []
    page.find("#filters .clear").click()
    page.until(lambda: len(page.units()) == 4)
    page.choose("rule", "JIT203")
    page.until(lambda: page.units() == ["Numbers"])
    assert page.codes() == ["JIT203"]
    page.choose("rule", "JIT223")
    page.until(lambda: sorted(page.units()) == ["Head", "Numbers"])
    assert sorted(page.codes()) == ["JIT203", "JIT223"]
    page.choose("compiler", "confirmed")
    first = result.findings[0].code
    page.until(lambda: page.codes() == [code for code in ("JIT203", "JIT223") if code == first])
    page.find("#filters .clear").click()
    page.until(lambda: len(page.codes()) == len(result.findings))
    page.choose("severity", "error")
    assert page.status().startswith(f"{len(result.findings)} findings")  # there is nothing else
    of_fixes = [finding.code for finding in result.findings if finding.fix and finding.fix.applicability == "unsafe"]
    page.choose("fix", "unsafe")
    page.until(lambda: sorted(page.codes()) == sorted(of_fixes))
    assert 0 < len(of_fixes) < len(result.findings)


def test_a_filtered_view_has_an_address(load: Any, browser: Any) -> None:
    page = load()
    page.search("total")
    page.choose("rule", "JIT203")
    page.until(lambda: page.units() == ["Numbers"])
    fragment = browser.execute_script("return location.hash")
    again = load(fragment=fragment)
    assert again.units() == ["Numbers"]
    assert again.find("input[name=text]").get_attribute("value") == "total"
    assert again.find("input[value=JIT203]").is_selected()


def test_folding(load: Any, result: Result) -> None:
    page = load(many(result))
    assert page.seen(".u") == []
    page.find("#expand").click()
    assert len(page.units()) == 4
    assert len(page.seen(".f")) == len(result.findings) + 30
    page.find("#collapse").click()
    assert len(page.seen("details.n")) == 1
    page.find("details.n > summary").click()
    assert [one.text for one in page.seen("details.p > summary .t")] == ["blocks.py", "head.py", "unsure.py"]
    page.seen("details.p > summary")[1].click()
    assert "Head" in page.units()


def test_links_lead_to_what_is_folded_away_or_filtered_out(load: Any, result: Result) -> None:
    page = load(many(result))
    page.search("head.py")
    page.until(lambda: "Head" in page.units())
    page.find("#collapse").click()
    for fold in (".d", ".p:has(#u0)", "#u0"):
        page.find(f"details{fold} > summary").click()
    link = page.seen("#u0 .also .at a")[0]
    target = link.get_attribute("hash")
    page.browser.execute_script("arguments[0].focus()", link)
    assert link.get_attribute("title") == next(f.message for f in result.findings if f.path.endswith("blocks.py"))
    link.click()
    page.until(lambda: page.ids(target) == [target[1:]])
    assert page.find(target).find_element(By.TAG_NAME, "mark").is_displayed()
    assert "scale" in page.find(target).text
    page.search("numbers")
    page.until(lambda: page.units() == ["Numbers"])
    page.find("#rules summary").click()
    page.browser.execute_script(f"location.hash = '{target}'")
    page.until(lambda: page.ids(target) == [target[1:]])
    assert page.find("input[name=text]").get_attribute("value") == ""
    page.seen(f"{target} > summary a.c")[0].click()
    code = page.find(target).get_attribute("data-r")
    page.until(lambda: "Why TorchScript rejects it" in page.find(f"#{code}").text)


def test_the_keyboard_is_enough(load: Any, browser: Any) -> None:
    page = load()

    def press(key: str) -> None:
        browser.switch_to.active_element.send_keys(key)

    page.find("body").send_keys("/")
    assert browser.switch_to.active_element.get_attribute("name") == "text"
    press("numbers")
    page.until(lambda: page.units() == ["Numbers"])
    press(Keys.ESCAPE)
    page.until(lambda: len(page.units()) == 4)
    press(Keys.ARROW_DOWN)
    while not page.focused().startswith("pkg/"):  # past what stands above the tree
        press(Keys.ARROW_DOWN)
    press(Keys.ARROW_LEFT)
    assert page.units() == []
    press(Keys.ARROW_RIGHT)
    assert len(page.units()) == 4
    press(Keys.ARROW_RIGHT)
    assert page.focused().startswith("blocks.py")
    press(Keys.ARROW_LEFT)
    press(Keys.ARROW_DOWN)
    assert page.focused().startswith("head.py")
    press(Keys.ARROW_DOWN)
    assert "Head" in page.focused()
    press(Keys.ENTER)
    press(Keys.ENTER)
    press(Keys.ARROW_UP)
    assert page.focused().startswith("head.py")


@pytest.mark.parametrize("width", [1300, 420])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_window(load: Any, browser: Any, width: int, scheme: str) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 700}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        page = load()
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        shade = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert (min(map(int, shade[4:-1].split(","))) > 200) == (scheme == "light")
        filters = page.seen("#filters fieldset")
        assert bool(filters) == (width > 700)  # on a small screen they unfold
        if not filters:
            page.find(".facets > summary").click()
            page.choose("rule", "JIT203")
            page.until(lambda: page.units() == ["Numbers"])
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_with_scripts_off(load: Any, browser: Any, result: Result) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page = load(many(result))
        assert not page.find("#filters").is_displayed()
        assert page.seen(".u") == []
        for fold in page.browser.find_elements(By.CSS_SELECTOR, "#tree details.p > summary"):
            fold.click()
        assert sorted(page.units()) == ["Fine", "Head", "Numbers", "Unsure"]
        page.find("#u0 > summary").click()
        assert "self.layers[i](x)" in page.find("#u0").text
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
