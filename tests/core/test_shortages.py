"""What this computer has too little of is told as that, and is no fault of the program's."""

from __future__ import annotations

import errno

import pytest

from diagnose.model.failures import internal_fault
from diagnose.network import NoThreadError


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (OSError(errno.EMFILE, "Too many open files", "/home/alice/x"), "open no further file"),
        (OSError(errno.ENFILE, "Too many open files in system"), "open no further file"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "too little memory"),
        (MemoryError(), "too little memory"),
        (RuntimeError("can't start new thread"), "no further thread"),
        (NoThreadError(), "no further thread"),
    ],
)
def test_a_shortage_is_called_one(error: Exception, word: str) -> None:
    told = internal_fault(error).render()
    assert word in told
    assert "fault" not in told
    assert "alice" not in told


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError("of no number"),
        RuntimeError("can't start"),
        RecursionError("can't start new thread"),
        ValueError(errno.EMFILE),
    ],
)
def test_what_else_goes_wrong_is_a_fault(error: Exception) -> None:
    assert internal_fault(error).render().startswith("internal fault: ")
