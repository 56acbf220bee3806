"""MkDocs hooks: the README is the first page, and links to the code become plain text.

The site has no pages for files outside docs/.
"""

import pathlib
import re

from mkdocs.structure.files import File

ROOT = pathlib.Path(__file__).resolve().parents[1]
_LINK = re.compile(r"\[([^\]]*)\]\(([^)#\s]+)(#[^)]*)?\)")


READMES = ("README.md", "README.zh-CN.md")


def on_files(files, config):
    """Adds the READMEs of the project's root: the first page in each language."""
    for name in READMES:
        text = (ROOT / name).read_text(encoding="utf-8")
        # Their links and images are relative to the root.
        text = re.sub(r'(\]\(|src=")docs/', r"\1", text)
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown, page, config, files):
    """Takes the links to files that are not in docs/, but exist, out of a page."""
    at_root = page.file.src_uri in READMES
    folder = ROOT if at_root else (ROOT / "docs" / page.file.src_uri).parent

    def one(match):
        text, target, _ = match.groups()
        path = (folder / target).resolve()
        if "://" in target or not path.exists() or path.is_relative_to(ROOT / "docs"):
            return match[0]
        if path.parent == ROOT and path.name in READMES:
            return f"[{text}]({'../' * page.file.src_uri.count('/')}{path.name})"
        return f"`{text}`" if path.suffix == ".py" and "`" not in text else text

    return _LINK.sub(one, markdown)
