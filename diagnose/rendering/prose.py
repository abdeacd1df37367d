"""Where a line of text may be broken, in scripts with blanks between words and without."""

from __future__ import annotations

import re

from rich.cells import cell_len, chop_cells

from diagnose.process.first_use import made_once

_HAN = "\u2e80-\u2fff\u3005-\u3007\u3021-\u9fff\uf900-\ufaff\uff10-\uff5a\U00020000-\U0003ffff"
_OPENING = "（《「『【〈〔"
_CLOSING = "，。、；：？！）》」』】〉〕…％"
_PIECE = (
    rf"[{_OPENING}“‘]*[{_HAN}][{_CLOSING}”’,.;:!?)\]]* *"
    rf"|[{_OPENING}]*[^ {_HAN}{_OPENING}{_CLOSING}]+[{_CLOSING}]* *"
    r"|. *"
)
"""What stays together (the few classes of UAX #14 that matter here): a word, or one Han character, each with the
punctuation that must not be parted from it. Rich breaks at white space only, of which Chinese has none and
which a no-break space belongs to."""


_PIECE_WITHOUT_HAN = "[^ …]+…* *|. *"
"""What is left of it where no character comes from `_FIRST_OF_HAN` on."""
_FIRST_OF_HAN = "\u2e80"


@made_once
def _pieces(with_han: bool) -> re.Pattern[str]:
    """Compiled when it is needed: the range of Han characters takes as long as all else of a short text."""
    return re.compile(_PIECE if with_han else _PIECE_WITHOUT_HAN)


def line_starts(text: str, width: int) -> list[int]:
    """Where in *text* a new line begins, so that no line is wider than *width* terminal cells."""
    starts: list[int] = []
    used = 0
    for piece in _pieces(max(text, default="") >= _FIRST_OF_HAN).finditer(text):
        wide, visible = cell_len(piece[0]), cell_len(piece[0].rstrip())
        if used and used + visible > width:
            starts.append(piece.start())
            used = 0
        if visible <= width:
            used += wide
            continue
        at = piece.start()
        *full, last = chop_cells(piece[0].rstrip(), width)
        for part in full:
            at += len(part)
            starts.append(at)
        used = cell_len(last) + wide - visible
    return starts
