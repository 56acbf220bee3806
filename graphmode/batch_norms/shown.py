"""Findings as text, in a terminal and in a notebook."""

import html
import linecache
import textwrap
from typing import Any, List

from graphmode.batch_norms.findings import INTENDED, MISTAKE, REMARK, Finding

WIDTH = 100  # columns
HEADINGS = {
    INTENDED: "Unusual, but on purpose as far as the program shows",
    REMARK: "Without effect on the results",
}
_STYLE = "background: #8882; padding: .5em .8em; white-space: pre-wrap"


class Findings(List[Finding]):
    """A list of findings that a notebook shows as text."""

    def __str__(self) -> str:
        mistakes = sum(finding.weight == MISTAKE for finding in self)
        return "\n".join([f"batch norm: {number_of(mistakes)}", *lines(self)])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        mistakes = sum(finding.weight == MISTAKE for finding in self)
        parts = [f"<p><strong>batch norm: {number_of(mistakes)}</strong></p>", "<ol>"]
        for finding in self:
            extra = "" if finding.weight == MISTAKE else f" <em>({HEADINGS[finding.weight]})</em>"
            shown = "\n".join(code(finding))
            parts += [
                f"<li>{_marked(finding.what)}{extra}",
                f'<pre style="{_STYLE}">{html.escape(shown)}</pre>' if shown else "",
                f"<p><strong>What you see:</strong> {_marked(finding.symptom)}</p>",
                f"<p><strong>The cure:</strong> {_marked(finding.cure)}</p></li>",
            ]
        return "\n".join([*parts, "</ol>"])


def number_of(mistakes: int) -> str:
    """For example "2 mistakes", "no mistake"."""
    return count(mistakes, "mistake") if mistakes else "no mistake found"


def count(number: int, noun: str) -> str:
    """For example "1 run", "2 runs"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def lines(findings: List[Finding]) -> List[str]:
    """The findings, numbered, as lines of text."""
    said: List[str] = []
    weight = MISTAKE
    for place, finding in enumerate(findings, 1):
        if finding.weight != weight:
            weight = finding.weight
            said += ["", f"{HEADINGS[weight]}:"]
        said += ["", *paragraph(finding.what, f"{place}. ")]
        said += [f"   > {line}" for line in code(finding)]
        said += paragraph(finding.symptom, "   You see: ")
        said += paragraph(finding.cure, "   Cure: ")
    return said


def paragraph(words: str, first: str) -> List[str]:
    """Lines of text. Lines of code in it, which are indented, stay as they are.

    Args:
        first: what the first line begins with.
    """
    done: List[str] = []
    indent = " " * min(len(first), 3)
    for number, part in enumerate(words.split("\n")):
        if part.startswith(" "):
            done.append(indent + part)
        else:
            done += textwrap.wrap(
                part,
                WIDTH,
                initial_indent=indent if number else first,
                subsequent_indent=indent,
                break_on_hyphens=False,
            )
    return done


def code(finding: Finding) -> List[str]:
    """The lines of the program that a finding names, at most three: "train.py:41  x = ..."."""
    shown = []
    for place in finding.places:
        line = linecache.getline(place.file, place.line).strip() if place.file else ""
        if line:
            shown.append(f"{place}  {textwrap.shorten(line, WIDTH, placeholder=' ...')}")
    unique = list(dict.fromkeys(shown))
    return unique if len(unique) <= 3 else [*unique[:2], unique[-1]]


def _marked(sentence: str) -> str:
    """HTML of a sentence with code between backticks."""
    parts = html.escape(sentence).split("`")
    return "".join(f"<code>{part}</code>" if n % 2 else part for n, part in enumerate(parts))
