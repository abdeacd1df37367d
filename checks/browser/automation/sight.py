"""What can be seen on a page at a moment: its input fields, its text, a picture of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from checks.browser.automation.limits import within
from checks.browser.automation.visit import Field
from diagnose.model import quote
from diagnose.model.picture import LARGEST_PICTURE, Picture

if TYPE_CHECKING:
    from playwright.async_api import Frame, Page

WIDTH, HEIGHT = 1280, 800
FRAME_SECONDS = 1.0
"""For one answer of one frame; a script that never returns keeps it for ever."""
MOST_FRAMES = 10
MOST_FIELDS = 20
LONGEST_TITLE = 200
LONGEST_TEXT = 3000
QUALITIES = (75, 50, 25)
"""Of JPEG, each tried when the one before is too large."""

_FIELDS = """
(inputs, most) => inputs.filter(input => {
  const box = input.getBoundingClientRect();
  return input.checkVisibility({opacityProperty: true, visibilityProperty: true})
    && box.width > 5 && box.height > 5 && box.right > 0 && box.bottom + scrollY > 0;
}).slice(0, most).map(input => ({
  type: input.type,
  name: `${input.name} ${input.id}`.slice(0, 100),
  autocomplete: input.autocomplete.slice(0, 100),
  label: [input.placeholder, input.getAttribute("aria-label") || "", ...[...input.labels || []].map(l => l.innerText)]
    .join(" ").slice(0, 200),
}))
"""
_SHOWN = """
longest => ({
  title: document.title.slice(0, longest),
  text: document.body ? document.body.innerText.slice(0, longest) : "",
  pictures: [...document.querySelectorAll("img, svg, canvas, video, iframe, object, embed")]
    .some(one => one.checkVisibility() && one.getBoundingClientRect().width > 5),
})
"""


class ShownPage(msgspec.Struct, frozen=True, kw_only=True):
    """What a page shows beside its fields."""

    title: str = ""
    text: str = ""
    pictures: bool = False


async def fields(page: Page) -> tuple[Field, ...]:
    """The input fields that can be seen, in all frames that can be."""
    found: list[Field] = []
    for frame in page.frames[:MOST_FRAMES]:
        if frame.parent_frame is None or await within(FRAME_SECONDS, _is_seen(frame), False):
            asked = frame.locator("input").evaluate_all(_FIELDS, MOST_FIELDS)
            seen = await within(FRAME_SECONDS, asked, [])
            found += [Field(**{name: quote(str(said), 200) for name, said in one.items()}) for one in seen]
    return tuple(found[:MOST_FIELDS])


async def _is_seen(frame: Frame) -> bool:
    return await (await frame.frame_element()).is_visible()


async def shown(page: Page) -> ShownPage:
    """Title and text of *page*."""
    seen = await page.evaluate(_SHOWN, LONGEST_TEXT)
    return ShownPage(
        title=quote(str(seen["title"]), LONGEST_TITLE),
        text=quote(str(seen["text"]), LONGEST_TEXT),
        pictures=bool(seen["pictures"]),
    )


async def picture(page: Page) -> Picture | None:
    """What can be seen without scrolling; None when even the roughest picture of it is too large."""
    for quality in QUALITIES:
        data = await page.screenshot(type="jpeg", quality=quality, scale="css", caret="initial")
        if len(data) <= LARGEST_PICTURE:
            return Picture(media_type="image/jpeg", width=WIDTH, height=HEIGHT, data=data)
    return None
