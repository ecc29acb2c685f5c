"""Identifiers: syntax of Italian administrative codes, ULIDs, keyed hashes, personal data in text.

A check here is about *form*; whether a code exists is asked of the tables that hold it.

Examples
--------
>>> check_cup("G17H03000130011"), check_cup("G17H0300013001")
(None, 'a CUP has 15 characters, this has 14')
>>> check_vat("08911820960") is None
True
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from typing import Final

__all__ = [
    "CIG",
    "CUI",
    "CUP",
    "ULID_ALPHABET",
    "check_cig",
    "check_cui",
    "check_cup",
    "check_fiscal_code",
    "check_vat",
    "keyed_hash",
    "personal_data_in",
    "ulid",
]

CUP: Final = re.compile(r"[A-Z]\d{2}[A-Z]\d{11}")
"""Letter, 2 digits, letter, 11 digits (to be confirmed against the text of the norm)."""
CUI: Final = re.compile(r"[LSF]\d{11}\d{4}\d{5}")
"""Kind, fiscal code of the body, year, progressive number."""
CIG: Final = re.compile(r"[0-9A-F]{10}|[XYZ][0-9A-F]{9}|[AB][0-9A-Z]{9}")
"""10 characters; smart CIGs begin with X, Y, Z, those of the digital platforms with A, B."""
ULID_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_PERSON: Final = re.compile(
    r"[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]"
)
_ODD: Final = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (
            1,
            0,
            5,
            7,
            9,
            13,
            15,
            17,
            19,
            21,
            1,
            0,
            5,
            7,
            9,
            13,
            15,
            17,
            19,
            21,
            2,
            4,
            18,
            20,
            11,
            3,
            6,
            8,
            12,
            14,
            16,
            10,
            22,
            25,
            24,
            23,
        ),
        strict=True,
    )
)
"""Values of the characters in odd positions (D.M. 23/12/1976)."""
_PERSONAL: Final = {
    "fiscal_code": re.compile(rf"\b{_PERSON.pattern}\b", re.IGNORECASE),
    "email": re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]*\w"),
    "phone": re.compile(r"(?<![\w.])(?:\+39[\s.-]?)?(?:3\d{2}|0\d{1,3})[\s./-]?\d{5,8}(?![\w.])"),
}


def check_cup(code: str) -> str | None:
    """Return what is wrong with a CUP (Codice Unico di Progetto), or None."""
    if len(code) != 15:
        return f"a CUP has 15 characters, this has {len(code)}"
    return None if CUP.fullmatch(code) else "a CUP is a letter, 2 digits, a letter, 11 digits"


def check_cui(code: str) -> str | None:
    """Return what is wrong with a CUI (Codice Unico Intervento), or None."""
    if len(code) != 21:
        return f"a CUI has 21 characters, this has {len(code)}"
    if not CUI.fullmatch(code):
        return "a CUI is L, S or F, a fiscal code of 11 digits, a year, 5 digits"
    return check_vat(code[1:12])


def check_cig(code: str) -> str | None:
    """Return what is wrong with a CIG (Codice Identificativo Gara), or None."""
    if len(code) != 10:
        return f"a CIG has 10 characters, this has {len(code)}"
    return None if CIG.fullmatch(code) else "a CIG has hexadecimal digits after its first character"


def check_vat(code: str) -> str | None:
    """Return what is wrong with an 11-digit VAT number or fiscal code of a body, or None."""
    if not re.fullmatch(r"\d{11}", code):
        return "a VAT number has 11 digits"
    odd = sum(int(c) for c in code[0:10:2])
    even = sum(sum(divmod(2 * int(c), 10)) for c in code[1:10:2])
    return None if (10 - (odd + even) % 10) % 10 == int(code[10]) else "the check digit is wrong"


def check_fiscal_code(code: str) -> str | None:
    """Return what is wrong with the fiscal code of a person or body, or None (D.M. 23/12/1976)."""
    if len(code) == 11:
        return check_vat(code)
    upper = code.upper()
    if not _PERSON.fullmatch(upper):
        return "a fiscal code has 16 characters in a fixed pattern, or 11 digits"
    even = sum(int(c) if c.isdigit() else ord(c) - 65 for c in upper[1:15:2])
    odd = sum(_ODD[c] for c in upper[0:15:2])
    return None if chr(65 + (odd + even) % 26) == upper[15] else "the check letter is wrong"


def keyed_hash(key: str, text: str, *, length: int = 16) -> str:
    """Return a keyed pseudonym of ``text`` (HMAC-SHA-256, hexadecimal, cut to ``length``).

    Raises
    ------
    ValueError
        The key is empty: a pseudonym without a secret can be reversed by trying names.
    """
    if not key:
        raise ValueError("the key of a keyed hash is empty")
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()[:length]


def ulid(milliseconds: int | None = None) -> str:
    """Return a new ULID: 48 bits of time, 80 random bits, 26 characters in order of time."""
    stamp = time.time_ns() // 1_000_000 if milliseconds is None else milliseconds
    value = (stamp << 80) | secrets.randbits(80)
    return "".join(ULID_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))


def personal_data_in(text: str) -> list[str]:
    """Return the kinds of personal data that ``text`` seems to hold: fiscal_code, email, phone."""
    return [kind for kind, pattern in _PERSONAL.items() if pattern.search(text)]
