"""What is said and written: texts composed of fragments, in German and English, each one line.

The fragments lie beside this module, in one file per language. Slots are filled with amounts, days,
places, plans and competitors; moods and thoughts of leaving show in words, not in columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np

from data.simulator.care.topics import Caller

LANGUAGES = ("de", "en")
# invented; nobody real is meant
COMPETITORS = ("NordFon", "Telvia", "KabelPlus", "Sprintel", "Mobilando", "RheinNet")
# share of texts in which somebody who leans to leave says so, and of others who merely threaten
LEANING_SAYS, OTHERS_SAY = 0.45, 0.03
_TYPOS = 0.12
_BLOCK = 4096
_GENERAL = "any"

Fragments = dict[str, dict[str, tuple[str, ...]]]


@cache
def fragments(language: str) -> Fragments:
    """Return the fragments of a language: topic -> part of a text -> alternatives."""
    path = Path(__file__).with_name(f"phrases_{language}.txt")
    found: dict[str, dict[str, list[str]]] = {}
    parts: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            parts = found.setdefault(line[2:], {})
        else:
            part, text = line.split(": ", 1)
            parts.setdefault(part, []).append(text)
    return {
        topic: {part: tuple(texts) for part, texts in parts.items()}
        for topic, parts in found.items()
    }


class Words:
    """Draws by ones out of a stream that is read in blocks: single numpy draws are slow."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._left: list[float] = []

    def share(self) -> float:
        """Return a number in [0, 1)."""
        if not self._left:
            self._left = self._rng.random(_BLOCK).tolist()
        return self._left.pop()

    def chance(self, share: float) -> bool:
        """Return True in this share of cases."""
        return self.share() < share

    def between(self, low: int, high: int) -> int:
        """Return an integer from low to high, both included."""
        return low + int(self.share() * (high - low + 1))

    def pick(self, choices: Sequence[str]) -> str:
        """Return one of the choices."""
        return choices[int(self.share() * len(choices))]


@dataclass(frozen=True)
class Subject:
    """What a text is about: who speaks, of what, when and in which mood (-1 to 1)."""

    caller: Caller
    topic: str
    day: date
    mood: float
    is_solved: bool

    @property
    def language(self) -> str:
        """Language of the text."""
        return self.caller.language if self.caller.language in LANGUAGES else "de"

    def of(self, part: str) -> tuple[str, ...]:
        """Return the alternatives of a part of a text about the topic."""
        return fragments(self.language)[self.topic].get(part, ())

    def general(self, part: str) -> tuple[str, ...]:
        """Return the alternatives of a part that fits every topic."""
        return fragments(self.language)[_GENERAL][part]


def says_leaving(words: Words, caller: Caller) -> bool:
    """Draw whether a text tells of thoughts of leaving."""
    return words.chance(LEANING_SAYS if caller.is_leaning else OTHERS_SAY)


def letter(words: Words, subject: Subject) -> str:
    """Return an e-mail or letter: greeting, sentences, closing."""
    body = [words.pick(subject.general("greet")), *_matter(words, subject)]
    return _finish(words, subject, [*body, words.pick(subject.general("close"))])


def message(words: Words, subject: Subject) -> str:
    """Return a short message of a customer: social network, application, text message."""
    sentences = [words.pick(subject.of("issue"))]
    if words.chance(0.5):
        sentences.append(words.pick(subject.of("ask")))
    if says_leaving(words, subject.caller):
        sentences.append(words.pick(subject.general("leaving")))
    elif subject.mood < 0 and words.chance(0.5):
        sentences.append(words.pick(subject.general("negative")))
    return _finish(words, subject, sentences)


def note(words: Words, subject: Subject) -> str:
    """Return the note of an agent: short, with abbreviations."""
    parts = [words.pick(subject.of("note"))]
    if words.chance(0.65):
        parts.append(words.pick(subject.general(f"note{_tone(subject.mood)}")))
    if says_leaving(words, subject.caller):
        parts.append(words.pick(subject.general("noteleaving")))
    if words.chance(0.55):
        parts.append(words.pick(subject.general("action")))
    return _finish(words, subject, parts, typos=_TYPOS / 2)


def outbound_note(words: Words, subject: Subject, part: str) -> str:
    """Return the note on a contact that the operator began: `callback`, `visit` or `sell`."""
    return _finish(words, subject, [words.pick(subject.general(part))], typos=_TYPOS / 2)


def dialogue(words: Words, subject: Subject) -> str:
    """Return the turns of a call or chat, one after the other in one line."""
    agent, caller = ("Agent:", "Anrufer:") if subject.language == "de" else ("Agent:", "Caller:")
    matter = _matter(words, subject)
    end = "open" if not subject.is_solved else "solved"
    bye = "grumble" if subject.mood < 0 and words.chance(0.6) else "thanks"
    turns = [
        (agent, words.pick(subject.general("hello"))),
        (caller, matter[0]),
    ]
    if matter[1:]:
        turns.append((agent, words.pick(subject.general("check"))))
        turns.append((caller, " ".join(matter[1:])))
    turns.append((agent, words.pick(subject.general(end))))
    turns.append((caller, words.pick(subject.general(bye))))
    return _finish(words, subject, [f"{who} {what}" for who, what in turns], typos=0.0)


def title(words: Words, subject: Subject) -> str:
    """Return the title of a ticket; sometimes with the place."""
    name = subject.of("title")[0]
    return f"{name}, {subject.caller.area}" if words.chance(0.3) else name


def _tone(mood: float) -> str:
    if mood < -0.2:
        return "negative"
    return "positive" if mood > 0.45 else "neutral"


def _matter(words: Words, subject: Subject) -> list[str]:
    """Return what a customer has to say: the matter, details, a wish, the mood."""
    sentences = [words.pick(subject.of("issue"))]
    if words.chance(0.8):
        sentences.append(words.pick(subject.of("detail")))
    if words.chance(0.7):
        sentences.append(words.pick(subject.general(_tone(subject.mood))))
    if says_leaving(words, subject.caller):
        sentences.append(words.pick(subject.general("leaving")))
    if words.chance(0.75):
        sentences.append(words.pick(subject.of("ask")))
    return sentences


def _finish(words: Words, subject: Subject, parts: list[str], typos: float = _TYPOS) -> str:
    text = " ".join(parts)
    if "{" in text:
        # a German day ends in a full stop, and so do sentences
        text = text.format_map(_slots(words, subject)).replace("..", ".")
    return _misspell(words, text) if words.chance(typos) else text


def _slots(words: Words, subject: Subject) -> dict[str, str]:
    cents = words.between(290, 8990)
    if subject.caller.is_company:
        cents *= words.between(1, 6)
    is_german = subject.language == "de"
    pattern = "%d.%m." if is_german else "%d/%m"
    amount = f"{cents // 100},{cents % 100:02d} €" if is_german else f"EUR {cents / 100:.2f}"
    mbit = words.pick(("50", "100", "250", "500", "1000"))
    return {
        "amount": amount,
        "day": (subject.day - timedelta(days=words.between(1, 24))).strftime(pattern),
        "later": (subject.day + timedelta(days=words.between(2, 35))).strftime(pattern),
        "days": str(words.between(3, 21)),
        "count": str(words.between(2, 6)),
        "hour": str(words.between(8, 21)),
        "mbit": mbit,
        "slow": str(words.between(1, max(2, int(mbit) // 6))),
        "area": subject.caller.area,
        "plan": words.pick(subject.caller.plans or ("Flat",)),
        "competitor": words.pick(COMPETITORS),
    }


def _misspell(words: Words, text: str) -> str:
    """Swap two letters inside one of the longer words."""
    pieces = text.split(" ")
    long = [index for index, piece in enumerate(pieces) if len(piece) > 5 and piece.isalpha()]
    if not long:
        return text
    chosen = long[int(words.share() * len(long))]
    piece = pieces[chosen]
    at = words.between(1, len(piece) - 3)
    pieces[chosen] = piece[:at] + piece[at + 1] + piece[at] + piece[at + 2 :]
    return " ".join(pieces)
