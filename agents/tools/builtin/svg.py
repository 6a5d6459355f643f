"""Draws bars, lines and pies as SVG: shapes and escaped texts, and nothing that could run."""

import math
from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 720, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 50, 60
TICKS = 5
COLORS = ("#4c6ef5", "#f76707", "#2f9e44", "#ae3ec9", "#e03131", "#1098ad", "#f08c00", "#5c7cfa", "#66a80f", "#d6336c")
LABEL_CHARS = 14
MAX_LABELS = 24


def bars(title: str, labels: Sequence[str], values: Sequence[float]) -> str:
    """Return a chart with a bar for each value."""
    low, high = _range(values)
    step = (WIDTH - LEFT - RIGHT) / len(values)
    zero = _y(0, low, high)
    shapes = []
    for index, value in enumerate(values):
        y = _y(value, low, high)
        shapes.append(
            f'<rect x="{LEFT + step * (index + 0.15):.1f}" y="{min(y, zero):.1f}" width="{step * 0.7:.1f}" '
            f'height="{abs(y - zero):.1f}" fill="{COLORS[0]}"><title>{_text(labels[index])}: {value:g}</title></rect>'
        )
    return _document(title, [*_axes(low, high), *shapes, *_labels(labels, step, 0.5)])


def line(title: str, labels: Sequence[str], values: Sequence[float]) -> str:
    """Return a chart with a line through the values."""
    low, high = _range(values)
    step = (WIDTH - LEFT - RIGHT) / max(len(values) - 1, 1)
    points = [(LEFT + step * index, _y(value, low, high)) for index, value in enumerate(values)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{COLORS[0]}"><title>{_text(label)}: {value:g}</title></circle>'
        for (x, y), label, value in zip(points, labels, values, strict=True)
    ]
    drawn = f'<polyline points="{path}" fill="none" stroke="{COLORS[0]}" stroke-width="2"/>'
    return _document(title, [*_axes(low, high), drawn, *dots, *_labels(labels, step, 0)])


def pie(title: str, labels: Sequence[str], values: Sequence[float]) -> str:
    """Return a chart with a slice for each value; raises `ValueError` for negative values, and where all are 0."""
    total = sum(values)
    if min(values) < 0 or total <= 0:
        raise ValueError("a pie needs values from 0 on, and one above 0")
    x, y, radius = 240.0, HEIGHT / 2 + 15, 160.0
    shapes, angle = [], -math.pi / 2
    for index, value in enumerate(values):
        share = value / total
        color = COLORS[index % len(COLORS)]
        end = angle + share * 2 * math.pi
        shapes.append(_slice((x, y, radius), (angle, end), color, f"{_text(labels[index])}: {share:.1%}"))
        if index < MAX_LABELS:
            row = TOP + 16 * index
            shapes.append(f'<rect x="450" y="{row - 9}" width="10" height="10" fill="{color}"/>')
            shapes.append(f'<text x="466" y="{row}">{_text(_short(labels[index]))} ({share:.1%})</text>')
        angle = end
    return _document(title, shapes)


def _slice(circle: tuple[float, float, float], angles: tuple[float, float], color: str, said: str) -> str:
    (x, y, radius), (begin, end) = circle, angles
    if end - begin >= 2 * math.pi - 1e-9:
        return f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{color}"><title>{said}</title></circle>'
    (x1, y1), (x2, y2) = ((x + radius * math.cos(a), y + radius * math.sin(a)) for a in (begin, end))
    wide = int(end - begin > math.pi)
    path = f"M{x:g},{y:g} L{x1:.2f},{y1:.2f} A{radius:g},{radius:g} 0 {wide} 1 {x2:.2f},{y2:.2f} Z"
    return f'<path d="{path}" fill="{color}" stroke="#fff"><title>{said}</title></path>'


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(0.0, *values), max(0.0, *values)
    return (low, high) if high > low else (0.0, 1.0)


def _y(value: float, low: float, high: float) -> float:
    return TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM)


def _axes(low: float, high: float) -> list[str]:
    shapes = []
    for tick in range(TICKS + 1):
        value = low + (high - low) * tick / TICKS
        y = _y(value, low, high)
        shapes.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#dee2e6"/>')
        shapes.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>')
    return shapes


def _labels(labels: Sequence[str], step: float, shift: float) -> list[str]:
    every = math.ceil(len(labels) / MAX_LABELS)
    return [
        f'<text x="{LEFT + step * (index + shift):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
        f"{_text(_short(label))}</text>"
        for index, label in enumerate(labels)
        if index % every == 0
    ]


def _short(label: str) -> str:
    return label if len(label) <= LABEL_CHARS else f"{label[: LABEL_CHARS - 1]}…"


def _text(text: str) -> str:
    """Return a text as it may stand in XML, without the characters that XML forbids."""
    return escape("".join(char for char in text if char.isprintable()))


def _document(title: str, shapes: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="sans-serif" font-size="12" fill="#343a40">'
    )
    ground = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    named = f'<text x="{WIDTH / 2:g}" y="28" text-anchor="middle" font-size="17">{_text(title)}</text>' if title else ""
    return "\n".join([head, ground, named, *shapes, "</svg>", ""])
