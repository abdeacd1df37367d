"""Records of the program's own workings, made as cheaply as those of reports and of facts.

No report holds them, nor what a run leaves: the names of their fields are no keys there. To make such a class takes a
hundredth of a millisecond; a dataclass takes up to one, in each run.
"""

import msgspec


class Internal(msgspec.Struct, frozen=True):
    """A record that never changes."""


class MutableInternal(msgspec.Struct):
    """A record that does."""


NO_DATA = {Internal, MutableInternal}
"""What whoever goes through the types of data leaves out."""
