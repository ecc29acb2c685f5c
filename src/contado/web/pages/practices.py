"""The good practices: the list, and the page of one with its six sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.kernel.publish import charts
from contado.web import style
from contado.web.data import opendata
from contado.web.data.programme import proposed
