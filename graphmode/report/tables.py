"""Findings as tables: in the terminal, and on a page with figures that needs nothing else."""

import base64
from typing import NamedTuple, Optional, Sequence

from graphmode import files
from graphmode.report import page


class Section(NamedTuple):
    """A heading, a text, rows (dictionaries of plain values, whose keys head the columns) and perhaps a figure.

    In the text empty lines part paragraphs; other breaks of lines mean nothing.
    """
    heading: str
    text: str
    rows: Sequence[dict] = ()
    figure: Optional[bytes] = None  # of a PNG file


def columns(rows):
    """The keys of all rows, in the order of their first appearance."""
    return list(dict.fromkeys(name for row in rows for name in row))


def paragraphs(text):
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]


def plain(value):
    """A cell: numbers with five digits, lists with commas, a dash where there is nothing."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "{:.5g}".format(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(plain, value)) or "-"
    return "-" if value in (None, "") else str(value)


def show(sections):
    """Prints the sections' texts and tables."""
    from rich import box, console, table, text  # here, so that --help does not wait for it
    screen = console.Console()
    if not screen.is_terminal:
        screen.width = 140
    for section in sections:
        screen.rule(text.Text(section.heading), align="left")
        screen.print("\n\n".join(paragraphs(section.text)), markup=False, highlight=False)
        if section.rows:
            shown = table.Table(box=box.SIMPLE)
            for name in columns(section.rows):
                shown.add_column(name, overflow="fold")
            for row in section.rows:
                shown.add_row(*(plain(row.get(name)) for name in columns(section.rows)))
            screen.print(shown, markup=False, highlight=False)


def write(target, title, sections):
    """Writes the page."""
    parts = [(section.heading, paragraphs(section.text), columns(section.rows),
              [[plain(row.get(name)) for name in columns(section.rows)] for row in section.rows],
              "data:image/png;base64," + base64.b64encode(section.figure).decode() if section.figure else "")
             for section in sections]
    files.write_whole(target, page.template("tables.html").render(title=title, sections=parts))
