"""SL-23, DI-05: what the book says comes first does so, whatever else there is about a matter."""

import pytest

from domain.policies.priorities import priority_of
from tests.scenario import whole_book

BOOK = whole_book()
WEIGHTS = {one.of: one.points for one in BOOK.weight}
MOST = sum(WEIGHTS.values())


@pytest.mark.parametrize(("usual", "least"), [("cross_border", 0), ("complex", WEIGHTS["dispute"])])
def test_sl_23_electronics_from_abroad_stand_a_priority_above_other_goods(
    usual: str, least: int
) -> None:
    """Where another return from abroad is not yet most urgent; complex ones are disputes."""
    for others in range(least, MOST):
        electronics, goods = (
            priority_of(others + WEIGHTS[one], BOOK.level)
            for one in ("cross_border_electronics", usual)
        )
        assert electronics < goods or goods == 1, others


def test_di_05_a_return_by_who_buys_for_a_baby_stands_a_priority_above_the_same_of_others() -> None:
    """Where it is not yet most urgent, and nothing else makes it felt more widely."""
    for others in range(MOST):
        first = priority_of(others + WEIGHTS["baby_return"], BOOK.level)
        usual = priority_of(others, BOOK.level)
        assert first < usual or usual == 1, others
