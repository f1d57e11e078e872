"""How often two judgements of the same texts agree; who judged and what about is not asked here."""

from collections.abc import Iterable
from fractions import Fraction

import msgspec

from domain.values import BASIS_POINTS


class Agreement(msgspec.Struct, frozen=True):
    """How often two judgements agree on one question."""

    agreed: int
    judged: int
    macro_f1_bp: int
    """The mean over the answers of how well each is found, however rare it is."""

    @property
    def share_bp(self) -> int:
        """Return the share on which they agree."""
        return 0 if self.judged == 0 else self.agreed * BASIS_POINTS // self.judged


def agreement(pairs: Iterable[tuple[str, str]]) -> Agreement:
    """Return the agreement of pairs of answers, the one that is held to be right first."""
    answers = list(pairs)
    scores = []
    for answer in sorted({right for right, _ in answers}):
        both = sum(right == given == answer for right, given in answers)
        either = sum((right == answer) + (given == answer) for right, given in answers)
        scores.append(Fraction(2 * both, either))
    mean = sum(scores, Fraction(0)) / max(len(scores), 1)
    return Agreement(
        agreed=sum(right == given for right, given in answers),
        judged=len(answers),
        macro_f1_bp=int(mean * BASIS_POINTS),
    )
