"""Writes docs/texts.md and docs/texts.zh-CN.md from the lists in this folder.

Run:     python docs/texts/generate.py
"""

import collections
import json
import pathlib
import textwrap

HERE = pathlib.Path(__file__).parent
TEXTS = {
    "chapter": ("The chapter on generative models", "书中的章节: 生成模型"),
    "blog": ("The blog on GLCIC", "博客: GLCIC 图像补全"),
    "notes": ("The notes on pix2pix", "GAN 学习笔记 (pix2pix)"),
    "question": ("The question about a batch of one", "提问: batch 为 1 时的 batch norm"),
}
VERDICTS = {
    "holds": "成立",
    "holds with": "有条件地成立",
    "does not hold": "不成立",
    "cannot be known": "无法得知",
    "missing": "尚未实现",
}
TITLES = (
    "# The four texts, statement by statement",
    "# 四篇文章, 逐条核对",
)
INTRODUCTIONS = (
    "Every technical statement, code block, number, option and glossary entry of the four texts: "
    "where it is implemented or checked, and what came out. `docs/texts/generate.py` writes this "
    "page. *Holds with* means: with the condition that is named.",
    "四篇文章中的每一条技术陈述、代码、数字、选项和术语: 在何处实现或检验, 结果如何. "
    "本页由 `docs/texts/generate.py` 生成.",
)
COLUMNS = (
    ("in the text", "statement", "where", "verdict"),
    ("原文", "陈述", "位置", "结论"),
)


def entries(text):
    """The list of one text: dictionaries in the text's order."""
    return json.loads((HERE / f"{text}.json").read_text(encoding="utf-8"))


def page(chinese):
    """The page in English or in Chinese."""
    introduction = textwrap.wrap(INTRODUCTIONS[chinese], 120)
    lines = [TITLES[chinese], "", *introduction, "", *_summary(chinese)]
    for text, titles in TEXTS.items():
        lines += ["", f"## {titles[chinese]}"]
        section = None
        for entry in entries(text):
            if entry["section"] != section:
                section = entry["section"]
                lines += ["", f"### {section or '…'}", "", *_head(COLUMNS[chinese])]
            lines.append(_row(entry, chinese))
    return "\n".join(lines) + "\n"


def _head(names):
    return [_cells(names), _cells("---" for _ in names)]


def _summary(chinese):
    """How often each verdict occurs in each text."""
    names = [VERDICTS[verdict] if chinese else verdict for verdict in VERDICTS]
    yield from _head([COLUMNS[chinese][0], *names, "Σ"])
    for text, titles in TEXTS.items():
        counts = collections.Counter(entry["verdict"] for entry in entries(text))
        numbers = [counts[verdict] for verdict in VERDICTS]
        yield _cells([titles[chinese], *numbers, sum(numbers)])


def _row(entry, chinese):
    where = ", ".join(_link(place) for place in entry["where"])
    verdict = VERDICTS[entry["verdict"]] if chinese else entry["verdict"]
    note = entry["note_zh" if chinese else "note"]
    statement = entry["statement_zh" if chinese else "statement"]
    return _cells([entry["quote"], statement, where, f"{verdict}. {note}" if note else verdict])


def _link(place):
    path, _, name = place.partition("::")
    target = path[len("docs/") :] if path.startswith("docs/") else f"../{path}"
    return f"[{name or path.split('/')[-1]}]({target})"


def _cells(values):
    safe = (str(value).replace("|", "\\|").replace("\n", " ") for value in values)
    return "| " + " | ".join(safe) + " |"


def main():
    for name, chinese in (("texts.md", False), ("texts.zh-CN.md", True)):
        (HERE.parent / name).write_text(page(chinese), encoding="utf-8")


if __name__ == "__main__":
    main()
