"""The report in a real browser, opened from the file system; skipped where there is no Chromium."""

import base64
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.replay.test_report import TICKET, Told, embedded

CHROMIUM: Final = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH or in $CHROMIUM")

FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    # Whatever asks for a name or an address finds nobody.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--enable-logging=stderr",
    "--virtual-time-budget=20000",
)


def browse(page: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Open a file in Chromium with a profile of its own."""
    assert CHROMIUM is not None
    done = subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={page.parent / 'profile'}", *flags, page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def opened(page: Path) -> str:
    """Return the document as the browser has it when the check is over; nothing was complained of.

    What a page logs, a script that throws and a policy that blocks all stand as CONSOLE.
    """
    done = browse(page, "--dump-dom")
    assert "CONSOLE" not in done.stderr, done.stderr
    return done.stdout


def verdict(document: str) -> tuple[str, str]:
    """Return the state of the verdict and its words."""
    found = re.search(r'<p class="verdict (\w+)">([^<]*)</p>', document)
    assert found is not None
    return found[1], found[2]


def findings(document: str) -> set[tuple[str, str]]:
    """Return code and version of each finding that is listed under the result."""
    result = document.partition('<section id="result"')[2].partition("</section>")[0]
    return set(re.findall(r'class="failed">(\w+) · <a href="#v(\d+)">', result))


def changed(told: Told, change: Callable[[dict[str, Any]], object]) -> str:
    """Return the page with other embedded data, as somebody makes it who edits the file."""
    content = told.page()
    data = embedded(content)
    change(data)
    text = json.dumps(data).replace("<", "\\u003c").replace(">", "\\u003e")
    before, mark, rest = content.partition('id="data">')
    return f"{before}{mark}{text}</script>{rest.partition('</script>')[2]}"


def flip(data: dict[str, Any]) -> None:
    """Change one byte of the third record, and nothing else."""
    record = bytearray(base64.b64decode(data["records"][2]))
    record[20] ^= 1
    data["records"][2] = base64.b64encode(record).decode()


def leave_out(data: dict[str, Any]) -> None:
    """Take the last record away, and leave its proof."""
    del data["records"][-1], data["leaves"][-1]


def other_root(data: dict[str, Any]) -> None:
    """Name another root than the one that was signed."""
    data["checkpoint"]["root"] = base64.b64encode(bytes(32)).decode()


@pytest.fixture(scope="module")
def told() -> Told:
    """The story, recorded once."""
    return Told()


@pytest.mark.parametrize(
    ("language", "words", "code"),
    [
        ("en", "Nothing wrong was found: 5 records, the chain is whole.", "Damaged"),
        ("zh-CN", "未发现问题", "破损"),
    ],
)
def test_a_report_opened_from_the_file_system_verifies_itself(
    told: Told, tmp_path: Path, language: str, words: str, code: str
) -> None:
    """A court opens the file on a machine without network, and reads it in its language."""
    page = tmp_path / "report.html"
    page.write_text(told.page(language=language))
    document = opened(page)
    state, said = verdict(document)
    assert (state, words in said) == ("whole", True)
    assert f'lang="{language}"' in document
    timeline = document.partition('<section id="timeline"')[2]
    assert code in timeline
    assert timeline.count('<li class="event"') == len(told.records)
    assert 'hidden=""' not in document


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (flip, {("E03", "3"), ("E07", "4"), ("E16", "3")}),
        (other_root, {("E16", str(version)) for version in range(1, 6)}),
        (leave_out, set()),
    ],
    ids=["flipped byte", "another root", "missing record"],
)
def test_a_report_that_was_tampered_with_says_where(
    told: Told,
    tmp_path: Path,
    change: Callable[[dict[str, Any]], object],
    expected: set[tuple[str, str]],
) -> None:
    """A green page over a changed record would be worse than no page."""
    page = tmp_path / "report.html"
    page.write_text(changed(told, change))
    document = opened(page)
    assert verdict(document)[0] == "broken"
    assert findings(document) == expected
    assert "Do not rely on this bundle" in document


def requested(page: Path) -> set[str]:
    """Return the addresses a page made the browser ask for; those of the browser's own are not."""
    log = page.with_suffix(".log.json")
    browse(page, f"--log-net-log={log}", "--dump-dom")
    events = json.loads(log.read_text())["events"]
    asked = (one["params"] for one in events if "url" in one.get("params", {}))
    started = [one for one in asked if "initiator" in one]
    return {str(one["url"]) for one in started if one["initiator"] != "not an origin"}


def test_a_report_asks_the_network_for_nothing(told: Told, tmp_path: Path) -> None:
    """Opening evidence tells nobody that it was opened; a page that does ask is seen to."""
    page, telling = tmp_path / "report.html", tmp_path / "telling.html"
    page.write_text(told.page())
    telling.write_text('<!DOCTYPE html><img src="http://who-reads.example/seen.png">')
    assert requested(telling) == {"http://who-reads.example/seen.png"}
    assert requested(page) == set()


def test_without_scripts_both_languages_say_how_to_check(told: Told, tmp_path: Path) -> None:
    """Where no script runs the file still says what it is, and no dead button is shown."""
    page = tmp_path / "report.html"
    page.write_text(re.sub(r"script-src [^\"]*", "script-src 'none'", told.page()))
    document = browse(page, "--dump-dom").stdout
    assert "售后单证据报告 / Evidence report of ticket" in document
    assert document.count('hidden=""') == 2
    assert (
        document.partition("<noscript>")[2].partition("</noscript>")[0].count("COMMANDS.txt") == 2
    )
    assert TICKET in document


def test_a_report_prints(told: Told, tmp_path: Path) -> None:
    """On paper a case is read page by page; the whole worksheet is printed too."""
    page, paper = tmp_path / "report.html", tmp_path / "report.pdf"
    page.write_text(told.page())
    browse(page, f"--print-to-pdf={paper}")
    content = paper.read_bytes()
    assert content.startswith(b"%PDF-")
    pages = len(re.findall(rb"/Type\s*/Page\b", content))
    assert 1 <= pages <= 4
