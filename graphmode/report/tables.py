"""Results as tables: in the terminal, and on a page with figures that needs no other file."""

from typing import Any, List, Mapping, NamedTuple, Optional, Sequence

from graphmode import files
from graphmode.report import page, pictures

WIDTH = 140  # columns where stdout is no terminal


class Section(NamedTuple):
    """A part of the page.

    Attributes:
        heading: a short phrase.
        text: empty lines separate paragraphs; other line breaks mean nothing.
        rows: dictionaries of plain values. Their keys are the columns.
        figure: bytes of a PNG file.
    """

    heading: str
    text: str
    rows: Sequence[Mapping[str, Any]] = ()
    figure: Optional[bytes] = None


def columns(rows: Sequence[Mapping[str, Any]]) -> List[str]:
    """The keys of all rows, in the order of their first appearance."""
    return list(dict.fromkeys(name for row in rows for name in row))


def paragraphs(text: str) -> List[str]:
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]


def plain(value: Any) -> str:
    """A cell: numbers with five digits, lists with commas, a dash for nothing."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(plain, value)) or "-"
    return "-" if value in (None, "") else str(value)


def show(sections: Sequence[Section]) -> None:
    """Prints the texts and tables of the sections."""
    from rich import box, console, table, text  # here, so that --help does not wait for it

    screen = console.Console()
    if not screen.is_terminal:
        screen.width = WIDTH
    for section in sections:
        screen.rule(text.Text(section.heading), align="left")
        screen.print("\n\n".join(paragraphs(section.text)), markup=False, highlight=False)
        if section.rows:
            shown = table.Table(box=box.SIMPLE)
            names = columns(section.rows)
            for name in names:
                shown.add_column(name, overflow="fold")
            for row in section.rows:
                shown.add_row(*(plain(row.get(name)) for name in names))
            screen.print(shown, markup=False, highlight=False)


def write(target, title: str, sections: Sequence[Section], answer: str = "") -> None:
    """Writes the page.

    Args:
        answer: what the sections show, at the top of the page; paragraphs as in a Section.
    """
    parts = []
    for section in sections:
        names = columns(section.rows)
        rows = [[plain(row.get(name)) for name in names] for row in section.rows]
        figure = pictures.address(section.figure) if section.figure else ""
        parts.append((section.heading, paragraphs(section.text), names, rows, figure))
    content = page.template("tables.html").render(
        title=title, sections=parts, answer=paragraphs(answer)
    )
    files.write_whole(target, content)
