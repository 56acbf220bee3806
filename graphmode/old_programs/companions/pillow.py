"""Pillow's names that versions 10 to 13 dropped."""

import functools
from typing import Any, Callable, Dict

FILTERS = {"ANTIALIAS": "LANCZOS", "LINEAR": "BILINEAR", "CUBIC": "BICUBIC"}


def _getsize(self, text, *args, **named):
    """font.getsize: width, and height from the ascender line down."""
    left, _, right, bottom = self.getbbox(text, *args, **named)
    return int(right - left), int(bottom)


def _textsize(self, text, font=None, spacing=4, *args, **named):
    """draw.textsize: (width, height) of one or more lines of text."""
    if "\n" in text:
        left, _, right, bottom = self.multiline_textbbox((0, 0), text, font, spacing=spacing)
        return int(right - left), int(bottom)
    return _getsize(font or self.getfont(), text)


def _fromarray(real):
    """Image.fromarray with a mode that does not fit the dtype: reads the bytes in that mode."""

    @functools.wraps(real)
    def fromarray(obj, mode=None):
        try:
            return real(obj, mode)
        except (TypeError, ValueError):
            if mode is None:
                raise
        from PIL import Image  # a program that comes here has imported it

        height, width = obj.shape[:2]
        return Image.frombuffer(mode, (width, height), obj.tobytes(), "raw", mode, 0, 1)

    return fromarray


NAMES: Dict[str, Any] = {
    **{f"PIL.Image:{old}": f"PIL.Image:Resampling.{new}" for old, new in FILTERS.items()},
    "PIL.Image:isImageType": lambda t: hasattr(t, "im"),
    "PIL.ImageDraw:ImageDraw.multiline_textsize": _textsize,
    "PIL.ImageDraw:ImageDraw.textsize": _textsize,
    "PIL.ImageFont:FreeTypeFont.getoffset": lambda self, text: self.getbbox(text)[:2],
    "PIL.ImageFont:FreeTypeFont.getsize": _getsize,
    "PIL.ImageFont:ImageFont.getsize": _getsize,
    "PIL.ImageFont:TransposedFont.getsize": _getsize,
}
CHANGED: Dict[str, Callable] = {"PIL.Image:fromarray": _fromarray}
