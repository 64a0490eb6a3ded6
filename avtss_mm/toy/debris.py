"""What a blow throws up and leaves behind: never seen the other way round."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .canvas import Canvas, Colour, mix
from .motions import Impact

_MARK_LIFE = 2.5  # seconds


@dataclass(frozen=True)
class Look:
    """What a material looks like; its kind is told by shapes, not by colours.

    Attributes:
        shape: Of the objects, see :meth:`Canvas.shape`.
        grain: What flies off: 'dot', 'streak' or 'puff'.
        life: Seconds until a grain has faded.
        fall: Acceleration of a grain in heights / s^2, negative if it rises.
        rings: Life in seconds of each ring that spreads from a blow.
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
    """Rings, grains and marks of all blows of a video.

    Args:
        rng: Draws the directions.
        impacts: All blows.
        look: The material.
    """

    def __init__(self, rng: np.random.Generator, impacts: list[Impact], look: Look) -> None:
        self.impacts, self.look = impacts, look
        count = _COUNTS[look.grain]
        facts = np.array([(i.time, i.x, i.y, i.strength) for i in impacts]).reshape(-1, 4)
        facts = np.repeat(facts, count, axis=0)
        self.birth, self.origin, strength = facts[:, 0], facts[:, 1:3], facts[:, 3:]
        angle = rng.uniform(-np.pi, 0, len(facts))
        speed = rng.uniform(0.2, 1.3, (len(facts), 1)) * (0.35 + 0.65 * strength)
        speed *= 0.35 if look.grain == 'puff' else 1
        self.velocity = speed * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        self.radius = rng.uniform(0.7, 1.3, len(facts))

    def draw_marks(self, canvas: Canvas, t: float, y: float, colour: Colour) -> None:
        """Scorched ground at height ``y``, which spreads and fades for seconds."""
        for impact in self.impacts:
            age = (t - impact.time) / _MARK_LIFE
            if 0 <= age < 1:
                reach = (0.03 + 0.06 * impact.strength) * (1 + 0.5 * age)
                ends = [(impact.x - reach, y), (impact.x + reach, y)]
                canvas.line(ends, mix(colour, canvas.colour_at((0.5, 1)), age**0.5), 0.035)

    def draw_blows(self, canvas: Canvas, backdrop: Canvas, t: float, colour: Colour) -> None:
        """Rings that widen and grains that fly, fall and fade into the backdrop."""
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
