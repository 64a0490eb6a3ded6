"""What an impact throws up and leaves behind. It shows the arrow of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .canvas import Canvas, Colour, mix
from .motions import Impact

_MARK_LIFE = 2.5  # seconds


@dataclass(frozen=True)
class Look:
    """Appearance of a material. Materials differ by shape, not by colour.

    Attributes:
        shape: Shape of the objects, as :meth:`Canvas.shape` names it.
        grain: Shape of the grains that fly off: 'dot', 'streak' or 'puff'.
        life: Lifetime of a grain in seconds, until it has faded.
        fall: Downward acceleration of a grain in heights / s^2; negative if it rises.
        rings: Lifetime in seconds of each ring that spreads from an impact.
    """

    shape: str
    grain: str
    life: float
    fall: float
    rings: tuple[float, ...]


LOOKS = {
    'bell': Look('ring', 'dot', 0.5, 2.0, (0.35, 0.7, 1.0)),
    'wood': Look('plank', 'streak', 0.45, 4.0, (0.3,)),
    'drum': Look('disc', 'puff', 0.8, -0.3, (0.3,)),
    'pluck': Look('star', 'dot', 0.8, 0.3, (0.3,)),
}
_COUNTS = {'dot': 12, 'streak': 12, 'puff': 7}


class Debris:
    """Rings, grains and marks of all impacts of a video.

    Args:
        rng: Generator that draws directions, speeds and sizes.
        impacts: All impacts, in order of time.
        look: Appearance of the material.
    """

    def __init__(self, rng: np.random.Generator, impacts: list[Impact], look: Look) -> None:
        self.impacts, self.look = impacts, look
        count = _COUNTS[look.grain]
        rows = np.array([(i.time, i.x, i.y, i.strength) for i in impacts]).reshape(-1, 4)
        rows = np.repeat(rows, count, axis=0)
        self.birth, self.origin, strength = rows[:, 0], rows[:, 1:3], rows[:, 3:]
        angle = rng.uniform(-np.pi, 0, len(rows))
        speed = rng.uniform(0.2, 1.3, (len(rows), 1)) * (0.35 + 0.65 * strength)
        speed *= 0.35 if look.grain == 'puff' else 1
        self.velocity = speed * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        self.radius = rng.uniform(0.7, 1.3, len(rows))

    def draw_marks(self, canvas: Canvas, t: float, y: float, colour: Colour) -> None:
        """Draws scorched ground at height ``y``; the marks spread and fade within seconds."""
        for impact in self.impacts:
            age = (t - impact.time) / _MARK_LIFE
            if 0 <= age < 1:
                reach = (0.03 + 0.06 * impact.strength) * (1 + 0.5 * age)
                ends = [(impact.x - reach, y), (impact.x + reach, y)]
                canvas.line(ends, mix(colour, canvas.colour_at((0.5, 1)), age**0.5), 0.035)

    def draw_blows(self, canvas: Canvas, backdrop: Canvas, t: float, colour: Colour) -> None:
        """Draws rings that widen and grains that fly, fall and fade into the backdrop."""
        for impact in self.impacts:
            for life in self.look.rings:
                age = (t - impact.time) / life
                if 0 <= age < 1:
                    radius = (0.04 + 0.32 * life**0.5 * age) * (0.4 + 0.6 * impact.strength)
                    shade = mix(colour, backdrop.colour_at((impact.x, impact.y - radius)), age)
                    canvas.circle((impact.x, impact.y), radius, shade, 0.035 * (1 - age))
        look = self.look
        live = slice(*np.searchsorted(self.birth, [t - look.life, t], side='right'))
        dt = (t - self.birth[live])[:, None]
        centres = self.origin[live] + self.velocity[live] * dt
        centres[:, 1:] += look.fall * dt**2 / 2
        ages = dt[:, 0] / look.life
        for centre, age, radius, velocity in zip(
            centres, ages, self.radius[live], self.velocity[live]
        ):
            shade = mix(colour, backdrop.colour_at(centre), age**2)
            if look.grain == 'streak':
                canvas.line([centre, centre + 0.1 * velocity], shade, 0.026)
            elif look.grain == 'puff':
                canvas.circle(centre, radius * (0.03 + 0.05 * age), shade)
            else:
                canvas.circle(centre, radius * 0.026 * (1 - 0.6 * age), shade)
