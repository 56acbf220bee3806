"""The pages' templates (jinja2)."""

import functools
import pathlib

from graphmode.report import quantities

TEMPLATES = pathlib.Path(__file__).parent / "templates"


@functools.lru_cache(maxsize=None)
def template(name: str, folder=TEMPLATES):
    """A jinja2 template. Its filter `number` shortens floats, `tables` is `quantities.tables`.

    Args:
        folder: where the template is. Templates of this package can be extended from any folder.
    """
    import jinja2  # here, so that --help does not wait for it

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([str(folder), str(TEMPLATES)]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=shortened, tables=quantities.tables)
    return environment.get_template(name)


def shortened(value):
    """A float with five digits as text; other values as they are."""
    return f"{value:.5g}" if isinstance(value, float) else value
