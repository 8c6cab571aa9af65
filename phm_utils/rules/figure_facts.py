"""Statements about a figure that follow from another: of more concepts, a longer window, or a lower threshold."""

from phm_utils.rules.figure_values import Bound, values_within
from phm_utils.rules.forms import list_of
from phm_utils.rules.statements import COUNTED, Figure, Statement, Subject
from phm_utils.rules.window_within import ends_alike, lies_within


def certain(goal: Statement) -> bool:
    """Does a statement hold of everybody? Nobody has fewer than no events.

    In a window from an event, their number may not be known.

    >>> from phm_utils.rules.meaning import Meaning
    >>> from phm_utils.rules.tree import parse
    >>> certain(Meaning({}).of(parse({"events": "asthma", "op": "at least", "value": 0})))
    True
    """
    if not (isinstance(goal, Figure) and isinstance(goal.values, Bound) and goal.subject.kind in COUNTED):
        return False
    return goal.values.up and goal.values.value[1] <= 0 and not _anchored(goal.subject)


def _anchored(subject: Subject) -> bool:
    return any(window is not None and window.anchor is not None for window in subject.windows)


def figure_shows(fact: Figure, goal: Figure) -> bool:
    """Does one statement about a figure certainly hold where another does?

    >>> from phm_utils.rules.meaning import Meaning
    >>> from phm_utils.rules.tree import parse
    >>> fact, goal = (Meaning({}).of(parse({"has": "asthma", "within": {"months": n}})) for n in (6, 12))
    >>> figure_shows(fact, goal), figure_shows(goal, fact)
    (True, False)
    """
    mine, its = fact.subject, goal.subject
    if its.kind in COUNTED and isinstance(goal.values, Bound):
        if mine.kind in ("latest", "age"):
            return its.kind == "events" and _recorded(mine, its, goal.values)
        if mine.kind != its.kind or not isinstance(fact.values, Bound) or fact.values.up != goal.values.up:
            return False
        return (_no_fewer if goal.values.up else _no_more)(mine, fact.values, its, goal.values)
    if mine.kind in ("latest", "age") and mine.kind == its.kind and mine.names == its.names:
        # The latest in a window is the latest in a longer one that ends on the same day.
        inner, outer = mine.windows[0], its.windows[0]
        if inner != outer and not (ends_alike(inner, outer) and lies_within(inner, outer)):
            return False
    elif mine != its:
        return False
    return values_within(fact.values, goal.values)


def _recorded(latest: Subject, events: Subject, values: Bound) -> bool:
    """Whose latest value is known has an event; whether it has a code is not known."""
    among = latest.names <= events.names and lies_within(latest.windows[0], events.windows[0])
    return among and values.up and values.value[1] <= 1 and events.how != ("code",)


def _among(mine: Subject, its: Subject) -> bool:
    """Is one asked of no other concepts or lists than the other? A list of addresses has each of its values."""
    valued = {list_of(name) for name in mine.names} if mine.kind == "address" else set()
    return all(name in its.names or (list_of(name) in its.names and valued) for name in mine.names)


def _no_fewer(mine: Subject, least: Bound, its: Subject, asked: Bound) -> bool:
    """Of more concepts, in a longer window, there are no fewer events; on one day at least, if there are any."""
    if not (_among(mine, its) and lies_within(mine.windows[0], its.windows[0])):
        return False
    number = least.value[1]
    if mine.how != its.how and its.how != ("event",):
        if its.how == ("code",):
            return False
        number = min(number, 1)
    return asked.value[1] <= number


def _no_more(mine: Subject, most: Bound, its: Subject, asked: Bound) -> bool:
    """Of fewer concepts, in a shorter window, there are no more events, nor more days or codes than events.

    In a window from an event that is known only where the window is over, which a window of another kind cannot say.
    """
    if not (_among(its, mine) and lies_within(its.windows[0], mine.windows[0])):
        return False
    if _anchored(its) and its.windows != mine.windows:
        return False
    number = most.value[1]
    shown = mine.how in (its.how, ("event",)) or (mine.how == ("day",) and number < 1)
    return shown and asked.value[1] >= number
