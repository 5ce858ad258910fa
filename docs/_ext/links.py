"""Links of a built site that lead nowhere: `python docs/_ext/links.py build/html`.

Checked is everything relative in `href` and `src`: that the file is there and, after `#`, that it
has an element of that id. Nothing is fetched.
"""

import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """What a page links to, and what may be linked to in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note ids and links."""
        del tag
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.ids.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)


@cache
def read(path: Path) -> Page:
    """A page, read once."""
    return Page(path.read_text(encoding="utf-8"))


def broken_links(site: Path) -> list[str]:
    """Every relative link of every page that leads nowhere, as `page: link`."""
    return [
        f"{path.relative_to(site)}: {link}"
        for path in sorted(site.rglob("*.html"))
        for link in read(path).links
        if not leads_somewhere(path, link)
    ]


def leads_somewhere(path: Path, link: str) -> bool:
    """Whether a link of a page is to elsewhere, or to a file and an element that are there."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return False
    if not parts.fragment or target.suffix != ".html":
        return True
    return unquote(parts.fragment) in read(target).ids


def fetched(site: Path) -> list[str]:
    """Scripts, styles and pictures that pages take from elsewhere, as `page: address`."""
    return [
        f"{path.relative_to(site)}: {source}"
        for path in sorted(site.rglob("*.html"))
        for source in Sources(path.read_text(encoding="utf-8")).found
        if urlsplit(source).netloc
    ]


class Sources(HTMLParser):
    """What a browser fetches of itself to show a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what is fetched."""
        values = dict(attrs)
        source = values.get("src") or (values.get("href") if tag == "link" else None)
        if source and values.get("rel") not in ("canonical", "search"):
            self.found.append(source)


def main() -> int:
    """Print what is wrong; 1 if anything is."""
    site = Path(sys.argv[1])
    pages = len(list(site.rglob("*.html")))
    wrong = [f"broken: {link}" for link in broken_links(site)]
    wrong += [f"fetched from elsewhere: {source}" for source in fetched(site)]
    sys.stdout.write("\n".join([*wrong, f"{pages} pages, {len(wrong)} wrong links"]) + "\n")
    return 1 if wrong or not pages else 0


if __name__ == "__main__":
    sys.exit(main())
