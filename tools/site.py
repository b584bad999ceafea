"""Builds the pages into a site, strictly; behind bin/docs. The builder is Zensical.

The site has the folders of the repository, so that a link leads to the same page there as on GitHub. Zensical checks
the links between pages and their anchors. The rest is checked here: every page is in the navigation, every link of the
finished site has a target, no page loads anything from another server, and lists look as they do on GitHub.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "site"

NAVIGATION: dict[str, list[str]] = {
    "Home": ["README.md"],
    "Start": ["docs/getting-started.md", "docs/configuration.md", "docs/systems.md"],
    "Connectors": ["docs/connectors/*.md"],
    "Sources": ["docs/sources/*.md"],
    "Operations": [
        "docs/operations.md",
        "docs/containers.md",
        "docs/runbook.md",
        "docs/maintenance.md",
        "docs/console.md",
        "docs/api.md",
        "SECURITY.md",
    ],
    "How it works": [
        "docs/architecture.md",
        "docs/reliability.md",
        "docs/security.md",
        "docs/performance.md",
        "docs/mutants.md",
    ],
    "Reference": ["docs/reference.md", "docs/glossary.md"],
    "Extending": ["docs/adding-*.md", "examples/plugin/README.md", "CONTRIBUTING.md"],
    "Decisions": ["docs/decisions/*.md"],
    "Changes": ["CHANGELOG.md"],
    "한국어": ["README.ko.md"],
    "日本語": ["README.ja.md"],
}
"""Every page, by group; a pattern stands for all pages that match, by name."""

BESIDE = ("LICENSE",)
"""Files outside docs/ that pages link to and that are no pages."""

NESTED = re.compile(r" {1,3}(?:[-*] |\d+\. |\||```)")
"""Zensical's Markdown wants four blanks in front of what belongs to a list item; GitHub accepts them."""

COLOUR = re.compile(r"\x1b\[[0-9;]*m")

LOADS = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("object", "data")}
LOADED_RELATIONS = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "dns-prefetch", "manifest"}


class Link(NamedTuple):
    target: str
    loaded: bool
    """Whether a browser requests it without a click."""


def pages(root: Path = ROOT) -> list[str]:
    """Every page of the repository, as a path from its root."""
    found = [*root.glob("*.md"), *(root / "docs").rglob("*.md"), *(root / "examples").rglob("*.md")]
    return sorted(path.relative_to(root).as_posix() for path in found)


def navigation(root: Path = ROOT, wanted: Mapping[str, list[str]] = NAVIGATION) -> dict[str, list[str]]:
    """`wanted` with each pattern replaced by its pages.

    Raises ValueError when a page is in no group or in two, or when an entry has no page.
    """
    groups: dict[str, list[str]] = {}
    for group, entries in wanted.items():
        groups[group] = []
        for entry in entries:
            found = sorted(path.relative_to(root).as_posix() for path in root.glob(entry))
            if not found:
                raise ValueError(f"tools/site.py, NAVIGATION: {entry} is no page")
            groups[group] += found
    listed = [page for group in groups.values() for page in group]
    for page in pages(root):
        if (count := listed.count(page)) != 1:
            raise ValueError(f"tools/site.py, NAVIGATION: {page} must be in one group, and is in {count}")
    return groups


def configuration(groups: Mapping[str, list[str]]) -> dict[str, object]:
    """Zensical's, in the form of mkdocs.yml, which is a superset of JSON."""
    menu = [{group: pages[0] if len(pages) == 1 else pages} for group, pages in groups.items()]
    light = {"media": "(prefers-color-scheme: light)", "scheme": "default"}
    dark = {"media": "(prefers-color-scheme: dark)", "scheme": "slate"}
    return {
        "site_name": "Feedback Bridge",
        "docs_dir": "pages",
        "site_dir": "site",
        "nav": menu,
        "plugins": ["search"],
        "theme": {"font": False, "palette": [light, dark], "features": ["content.code.copy", "navigation.top"]},
        "markdown_extensions": [
            "tables",
            {"toc": {"permalink": True}},
            "attr_list",
            {"pymdownx.highlight": {"anchor_linenums": False}},
            "pymdownx.superfences",
        ],
        "extra": {"generator": False},
    }


def stage(root: Path, folder: Path) -> None:
    """Copies the pages, and the files in docs/, into `folder`."""
    shutil.copytree(root / "docs", folder / "docs")
    for name in [*pages(root), *(name for name in BESIDE if (root / name).exists())]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, folder / name)


def badly_indented(root: Path) -> Iterator[str]:
    """Lines of lists that the site would show differently from GitHub."""
    for page in pages(root):
        code = False
        for number, line in enumerate((root / page).read_text(encoding="utf-8").splitlines(), 1):
            if NESTED.match(line) and not code:
                yield f"{page}:{number}: indent by four blanks what belongs to a list item"
            code ^= line.lstrip().startswith("```")


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Link] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        for name, value in attrs:
            if name not in ("href", "src", "data") or not value:
                continue
            loaded = (tag, name) in LOADS
            if tag == "link":
                loaded = bool(LOADED_RELATIONS & set((values.get("rel") or "").split()))
            self.found.append(Link(value, loaded))


def links(html: str) -> list[Link]:
    """The links of a finished page, and what it loads."""
    parser = _Links()
    parser.feed(html)
    return parser.found


def problems(site: Path) -> Iterator[str]:
    """What is wrong with a finished site: links without a target, and what is loaded from another server."""
    for page in sorted(site.rglob("*.html")):
        name = page.relative_to(site).as_posix()
        for link in links(page.read_text(encoding="utf-8")):
            address = urlsplit(link.target)
            if address.scheme or address.netloc:
                if link.loaded and address.scheme != "data":
                    yield f"{name} loads {link.target}: only files of the site may be loaded"
                continue
            if not address.path:
                continue
            base = site if address.path.startswith("/") else page.parent
            target = base / unquote(address.path).lstrip("/")
            if not (target / "index.html" if target.is_dir() else target).is_file():
                yield f"{name} links to {link.target}, which does not exist"


def build(root: Path, site: Path, wanted: Mapping[str, list[str]] = NAVIGATION) -> None:
    """Builds the pages of `root` into `site`.

    Raises ValueError with all that is wrong; then `site` is left as it was.
    """
    if found := list(badly_indented(root)):
        raise ValueError("\n".join(found))
    groups = navigation(root, wanted)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "mkdocs.yml").write_text(json.dumps(configuration(groups)), encoding="utf-8")
        stage(root, folder / "pages")
        command = [str(Path(sys.executable).with_name("zensical")), "build", "--strict", "--config-file", "mkdocs.yml"]
        built = subprocess.run(command, cwd=folder, text=True, capture_output=True)  # noqa: S603
        if built.returncode:
            output = COLOUR.sub("", built.stdout + built.stderr.partition("Traceback")[0])
            raise ValueError(f"the pages can't be built:\n{output}")
        if found := list(problems(folder / "site")):
            raise ValueError("\n".join(found))
        shutil.rmtree(site, ignore_errors=True)
        shutil.copytree(folder / "site", site)


def server(site: Path, port: int) -> ThreadingHTTPServer:
    """Serves the site on loopback; 0 is any free port."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(SimpleHTTPRequestHandler, directory=str(site)))


def _write_reference() -> None:
    """With a Valkey of its own, for /metrics. What this needs is imported only here: a build needs none of it."""
    from tools.reference import write_all
    from tools.sandbox.processes import Processes, free_port, start_valkey

    with tempfile.TemporaryDirectory() as folder, Processes(Path(folder)) as processes:
        write_all(start_valkey(processes, free_port()))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bin/docs", description="Builds the documentation into site/, strictly.")
    parser.add_argument("--serve", action="store_true", help="then serve it on loopback until Ctrl-C")
    parser.add_argument("--write", action="store_true", help="first write docs/reference.md from the code")
    parser.add_argument("--port", type=int, default=8001, help="of --serve (8001)")
    options = parser.parse_args(arguments)
    try:
        if options.write:
            _write_reference()
        build(ROOT, SITE)
    except ValueError as error:
        print(f"bin/docs: {error}", file=sys.stderr)
        return 1
    print(f"bin/docs: built {len(pages())} pages into {SITE.relative_to(ROOT)}/")
    if options.serve:
        with server(SITE, options.port) as running, suppress(KeyboardInterrupt):
            print(f"bin/docs: http://127.0.0.1:{running.server_port}/ until Ctrl-C", flush=True)
            running.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
