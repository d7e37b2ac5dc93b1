"""Pictures side by side on one sheet, with what is to be said of each row of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

TILE_PX = 180
GAP_PX, CARD_GAP_PX, MARGIN_PX = 4, 26, 28
LINE_PX = 19
_PAPER, _INK, _FAINT = (250, 250, 248), (28, 30, 34), (112, 116, 122)
_ALARM, _FRAME = (184, 60, 20), (214, 214, 210)


@dataclass(frozen=True)
class Card:
    """Pictures in a row and what is written below.

    Parameters
    ----------
    pictures : sequence of ndarray of uint8, shape (h, w, 3)
    title : str
    lines : sequence of str
    alarm : str
        Written first among the lines, in another colour.
    """

    pictures: Sequence[np.ndarray]
    title: str
    lines: Sequence[str] = field(default_factory=tuple)
    alarm: str = ""


def contact_sheet(
    title: str,
    lines: Sequence[str],
    cards: Sequence[Card],
    *,
    columns: int = 2,
    alarm: str = "",
) -> np.ndarray:
    """Draw cards below a title.

    Parameters
    ----------
    title : str
    lines : sequence of str
        Below the title.
    cards : sequence of Card
        In reading order; all with the same number of pictures.
    columns : int
        Cards side by side.
    alarm : str
        Beside the title, in another colour.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
    """
    from PIL import Image, ImageDraw

    columns = max(1, min(columns, len(cards)))
    card_width, card_height = _card_size(cards)
    top = MARGIN_PX + 34 + LINE_PX * len(lines) + 18
    n_rows = -(-len(cards) // columns)
    width = max(2 * MARGIN_PX + columns * (card_width + CARD_GAP_PX) - CARD_GAP_PX, 720)
    height = top + n_rows * (card_height + CARD_GAP_PX) - CARD_GAP_PX + MARGIN_PX
    sheet = Image.new("RGB", (width, max(height, top + MARGIN_PX)), _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN_PX, MARGIN_PX), title, fill=_INK, font=_font(24))
    if alarm:
        draw.text(
            (width - MARGIN_PX, MARGIN_PX + 6), alarm, fill=_ALARM, font=_font(16), anchor="ra"
        )
    _write(draw, MARGIN_PX, MARGIN_PX + 36, [(line, _FAINT) for line in lines])
    for n, card in enumerate(cards):
        x = MARGIN_PX + n % columns * (card_width + CARD_GAP_PX)
        y = top + n // columns * (card_height + CARD_GAP_PX)
        _draw_card(sheet, draw, card, x, y)
    return np.asarray(sheet)


def _card_size(cards: Sequence[Card]) -> tuple[int, int]:
    n_pictures = max((len(card.pictures) for card in cards), default=1)
    n_lines = max((len(card.lines) + bool(card.alarm) for card in cards), default=0)
    width = n_pictures * (TILE_PX + GAP_PX) - GAP_PX
    return width, TILE_PX + 8 + LINE_PX * (1 + n_lines)


def _draw_card(sheet, draw, card: Card, x: int, y: int) -> None:
    from PIL import Image

    for n, picture in enumerate(card.pictures):
        left = x + n * (TILE_PX + GAP_PX)
        tile = Image.fromarray(np.ascontiguousarray(picture))
        sheet.paste(tile.resize((TILE_PX, TILE_PX), Image.Resampling.LANCZOS), (left, y))
        draw.rectangle((left, y, left + TILE_PX - 1, y + TILE_PX - 1), outline=_FRAME)
    lines = [(card.title, _INK), *([(card.alarm, _ALARM)] if card.alarm else [])]
    _write(draw, x, y + TILE_PX + 8, [*lines, *((line, _FAINT) for line in card.lines)])


def _write(draw, x: int, y: int, lines) -> None:
    for n, (text, colour) in enumerate(lines):
        draw.text((x, y + n * LINE_PX), text, fill=colour, font=_font(14))


def _font(size: int):
    from PIL import ImageFont

    return ImageFont.load_default(size)
