"""The running text of folders of web pages, such as the documentation that comes with programs."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Iterator, List, Optional

from ...errors import CorpusError, Errors
from ..text_files import read_lines

PAGES = (".html", ".htm", ".xhtml")
MIN_WORDS = 4
"""What has fewer words is mostly a heading, a button or a cell of a table."""
_BREAK = re.compile(
    "p|h[1-6]|[uod]l|li|d[td]|table|caption|t[rdh]|blockquote|fig(ure|caption)|hr|div|header|main|section|article|aside|"
    "footer|body"
)
_NO_TEXT = ("title", "script", "style", "pre", "code", "button", "nav", "select", "textarea", "svg")


def read_pages(folder: Path, untranslated: Optional[Path] = None) -> Iterator[str]:
    """The paragraphs of the pages in a folder and its subfolders, in the order of their names, each once:
    blocks of text with at least four words, without program code, titles and navigation.

    folder: of files named *.html, *.htm or *.xhtml.
    untranslated: a folder of the same pages in another language. Paragraphs that stand there too are left out, since
        nobody has translated them.
    Raises CorpusError if a folder is missing or has no such page, or if a page is not UTF-8.
    """
    seen = set() if untranslated is None else set(read_pages(untranslated))
    for path in find_pages(folder):
        for paragraph in read_page(path):
            if paragraph not in seen:
                seen.add(paragraph)
                yield paragraph


def find_pages(folder: Path) -> List[Path]:
    """The pages in a folder, sorted. Raises CorpusError if there are none."""
    if not folder.is_dir():
        raise CorpusError(Errors.D012.format(path=folder))
    pages = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PAGES and path.is_file())
    if not pages:
        raise CorpusError(Errors.D230.format(path=folder, suffixes=", ".join(PAGES)))
    return pages


def read_page(path: Path) -> List[str]:
    """The paragraphs of a page. Raises CorpusError if it is not UTF-8."""
    reader = PageReader()
    reader.feed("\n".join(read_lines(path)))
    reader.close()
    reader.end_paragraph()
    return reader.paragraphs


class PageReader(HTMLParser):
    """Collects the paragraphs of a page. Ends of paragraphs and items may be missing, as HTML allows."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.paragraphs: List[str] = []
        self._text: List[str] = []
        self._without_text = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if _BREAK.fullmatch(tag):
            self.end_paragraph()
        elif tag == "br":
            self._text.append(" ")
        elif tag in _NO_TEXT:
            self._without_text += 1

    def handle_endtag(self, tag: str) -> None:
        if _BREAK.fullmatch(tag):
            self.end_paragraph()
        elif tag in _NO_TEXT:
            self._without_text = max(self._without_text - 1, 0)

    def handle_data(self, data: str) -> None:
        if not self._without_text:
            self._text.append(data)

    def end_paragraph(self) -> None:
        """Keep what was read since the last paragraph, if it has enough words."""
        words = "".join(self._text).split()
        self._text = []
        if len(words) >= MIN_WORDS:
            self.paragraphs.append(" ".join(words))
