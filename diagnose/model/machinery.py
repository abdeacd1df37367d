"""Records of the program's own workings, made as cheaply as those of reports and of facts.

No report holds them, nor what a run leaves: the names of their fields are no keys there. To make such a class takes a
hundredth of a millisecond; a dataclass takes up to one, in each run.
"""

import msgspec


class Machinery(msgspec.Struct, frozen=True):
    """One that never changes."""


class MovingMachinery(msgspec.Struct):
    """One that does."""


NO_DATA = {Machinery, MovingMachinery}
"""What whoever goes through the types of data leaves out."""
