"""Months before a day: the arithmetic of every window."""

from calendar import monthrange
from collections.abc import Collection
from datetime import date, timedelta


def months_before(day: date, months: int) -> date:
    """The first day of the `months` months that end with `day`.

    >>> months_before(date(2025, 3, 31), 12)
    datetime.date(2024, 4, 1)
    """
    return months_after(day + timedelta(days=1), -months)


def months_after(day: date, months: int) -> date:
    """The same day of the month so many months later; the month's last where it has no such day.

    >>> months_after(date(2025, 1, 31), 1)
    datetime.date(2025, 2, 28)
    """
    place = day.year * 12 + day.month - 1 + months
    year, month = place // 12, place % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def months_with_data_before(day: date, months: int, silent: Collection[date]) -> date:
    """The first day of the `months` months that end with `day`, silent months not among them.

    silent: first days of months in which a source has next to no rows.

    >>> months_with_data_before(date(2025, 3, 31), 2, [date(2025, 2, 1)])
    datetime.date(2025, 1, 1)
    """
    more = 0
    while (found := sum(months_before(day, months + more) <= month <= day for month in silent)) > more:
        more = found
    return months_before(day, months + more)
