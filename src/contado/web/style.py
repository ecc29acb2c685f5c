"""The style data of `contado.kernel.publish.style` as the style sheet of the pages."""

from __future__ import annotations

from contado.kernel.publish.style import (
    ChangeClass,
    RoadClass,
    Sight,
    Style,
    breaks_text,
    classify,
    load,
)

__all__ = ["ChangeClass", "RoadClass", "Style", "breaks_text", "classify", "load", "style_sheet"]

_RAMPS = ("share", "count")
"""The ramps that pages use so far."""


def style_sheet() -> str:
    """Return the custom properties as a style sheet: light, dark, high contrast, field colours."""
    style = load()
    light = _block(style.light, _class_tokens("light"))
    dark = _block(style.dark, _class_tokens("dark"), _map_tokens("dark"))
    high = _block(style.high, _class_tokens("high"))
    field = _block(_class_tokens("field"), {f"key-{c.id}": c.field for c in style.classes})
    keys = {f"key-{c.id}": c.chip for c in style.classes}
    ramps = {f"{name}-{i}": colour for name in _RAMPS for i, colour in enumerate(style.ramp[name])}
    fixed = {"fill-outline": str(style.ramp["outline"]), "unknown": str(style.ramp["unknown"])}
    return "\n".join(
        [
            f":root{{color-scheme:light;{light}{_block(keys, ramps, fixed, _map_tokens('light'))}}}",
            f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}",
            f":root[data-theme=dark]{{color-scheme:dark;{dark}}}",
            f"@media (prefers-contrast:more){{:root:not([data-theme=dark]):not([data-contrast=plain]){{{high}}}}}",
            f":root[data-contrast=high]:not([data-theme=dark]){{{high}}}",
            f":root[data-ramp=field]{{{field}}}",
        ]
    )


def _class_tokens(sight: Sight) -> dict[str, str]:
    return {f"class-{c.id}": getattr(c, sight) for c in load().classes}


def _map_tokens(sight: str) -> dict[str, str]:
    return {f"map-{name}": colour for name, colour in load().map[sight].items()}


def _block(*groups: dict[str, str]) -> str:
    return "".join(f"--ct-{name}:{colour};" for group in groups for name, colour in group.items())
