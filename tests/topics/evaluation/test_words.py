"""What the evaluation's pages say: own programme, no verdict, money over one horizon, limits in every sentence."""

from types import SimpleNamespace

import pandas as pd
import pytest

from phm_utils.absent import Absent
from phm_utils.topics.evaluation import effect_page, gates_page, own_page, programme_page, returns_page
from phm_utils.topics.evaluation.interventions import OWN
from phm_utils.topics.evaluation.trials import ENROLLED

HEAD = {
    "estimator": "doubly_robust", "evidence": True, "label": "Doubly robust (headline)", "reason": "",
    "rate_ratio": 0.62, "lower": 0.48, "upper": 0.8, "people_lower": 0.53, "people_upper": 0.73, "tau": 0.09,
    "overturning_tau": 0.22, "networks": 3, "control_networks": 12, "intervention": "hiu",
}  # fmt: skip
NO_VERDICT = HEAD | {"lower": None, "upper": None, "tau": None, "overturning_tau": 0.2, "control_networks": 3}


def page(head: dict, **given) -> SimpleNamespace:
    """A programme's page as its sentences read it."""
    effect = pd.DataFrame([head]).astype({"lower": float, "upper": float})
    row = effect.iloc[0]
    programme = pd.Series({"intervention": "hiu", "plausible_ratio": 0.86, "plausible_lower": 0.63,
                           "plausible_upper": 1.16, "plausible_source": "somebody"})  # fmt: skip
    shown, verdict = not pd.isna(row["rate_ratio"]), not pd.isna(row["lower"])
    rows = {name: effect[effect["estimator"] == name] for name in effect["estimator"]}
    return SimpleNamespace(
        title="The service", months=6, headline=row, effect=effect, shown=shown, verdict=verdict, programme=programme,
        row=lambda name: None if name not in rows else rows[name].iloc[0], **given,
    )  # fmt: skip


def test_an_effect_has_its_limits_and_the_difference_that_would_overturn_it():
    assert str(effect_page.effect(page(HEAD))) == (
        "With The service people had 38% fewer attendances than expected without it over 6 months "
        "(95% limits 20% to 52% fewer; rate ratio 0.62, 0.48 to 0.80; the whole ICS). "
        "The limits allow for differences between networks: those without it differ by 9% (standard deviation) beyond "
        "chance; "
        "a difference of 22% would overturn the result."
    )


def test_too_few_networks_are_no_verdict_and_the_difference_that_could_explain_the_effect():
    assert str(effect_page.effect(page(NO_VERDICT))) == (
        "No verdict on The service: people had 38% fewer attendances than expected without it over 6 months "
        "(rate ratio 0.62; 95% limits from people alone 0.53 to 0.73; the whole ICS), "
        "but only 3 networks without the programme can be compared, and 6 are needed to know how much networks differ "
        "by anyhow. A difference between networks of 20% (standard deviation) could explain it."
    )
    one = NO_VERDICT | {"control_networks": 1, "overturning_tau": 0.0}
    said = str(effect_page.effect(page(one)))
    assert "only 1 network without" in said
    assert said.endswith("Chance among people alone could explain it.")
    assert str(effect_page.compared_with_elsewhere(page(NO_VERDICT))).startswith("Evidence from elsewhere")


def test_limits_that_include_1_are_not_an_effect():
    said = str(effect_page.effect(page(HEAD | {"rate_ratio": 0.92, "lower": 0.75, "upper": 1.13})))
    assert said.startswith(
        "The effect of The service is not distinguishable from chance and differences between networks"
    )
    assert "8% fewer attendances than expected without it over 6 months (95% limits 25% fewer to 13% more" in said


@pytest.mark.parametrize(
    ("lower", "upper", "words"),
    [(0.999, 1.1, "as many to 10% more"), (0.9, 1.001, "10% fewer to as many"), (0.5, 0.5, "50% to 50% fewer")],
)
def test_limits_in_words(lower, upper, words):
    assert programme_page.limits(lower, upper) == words


def money(given: tuple[float, float, float], chance: float, share: tuple[float, float, float], head=HEAD) -> str:
    rows = {"Months": (18, None, None), "Return on £1": given, "Cashable share needed to break even": share,
            "Chance that the whole saving exceeds the cost": (chance, None, None)}  # fmt: skip
    table = pd.DataFrame([(k, *v) for k, v in rows.items()], columns=["measure", "value", "lower", "upper"])
    return str(returns_page.money(page(head, returns=table)))


def test_more_than_all_of_a_saving_cannot_be_cash():
    said = money((0.5, 0.3, 0.8), 0.004, (2.0, 1.25, 3.3))
    assert "Over the 18 months from the first enrolment to the end of the last follow-up each pound spent" in said
    assert (
        "worth £0.50 (95% limits £0.30 to £0.80); the chance that the whole saving exceeds the cost is under 1%" in said
    )
    assert "It cannot pay for itself: were the whole saving cash, it would be 50% of the cost (30% to 80%)." in said
    unsure = money((0.86, 0.5, 1.4), 0.3, (1.16, 0.7, 2.0))
    assert (
        "By this estimate it cannot pay for itself: were the whole saving cash, it would be 86% of the cost" in unsure
    )
    assert "116%" not in said + unsure


def test_a_break_even_share_has_limits_and_what_has_no_price_is_said():
    said = money((2.5, 0.8, 4.0), 0.93, (0.4, 0.25, 1.25))
    assert "For the programme to pay for itself 40% of the saving (25% to more than all of it) would have to be" in said
    for words in (said, money((0.2, -0.4, 0.9), 0.1, (5.0, 1.1, float("nan")), HEAD | {"upper": 1.1})):
        assert "Only attendances of the people analysed are priced" in words
    assert "worth £0.20 (95% limits -£0.40 to £0.90)" in words


def test_without_a_verdict_there_is_no_return():
    found = returns_page.money(page(NO_VERDICT))
    assert (str(found), found.level) == (
        "There is no verdict on the effect, so no return on investment is calculated.", "limit"
    )  # fmt: skip


def test_balance_names_no_covariate():
    balance = pd.DataFrame(
        {"covariate": ["age", "smi", "sex"], "smd_before": [0.2, -0.9, 0.01], "smd_after": [0.0, 0.004, 0.0]}
    )
    said = str(gates_page.balance(SimpleNamespace(balance=balance)))
    assert said == (
        "People enrolled and controls: before weighting they differ by more than 0.1 standard deviations in 2 of 3 "
        "covariates, by 0.90 at most; after it, by less than 0.01 at most."
    )


def released(enrolled: dict[str, int | None], reasons: tuple[str, str] = ("", "")):
    """Released tables of two programmes, and how many of U1 enrolled in each."""
    programmes = pd.DataFrame({"intervention": ["calls", "hiu"], "title": ["Calls", "HIU"], "reason": reasons})
    people = pd.DataFrame(
        {"intervention": list(enrolled), "unit_code": "U1", "criterion": ENROLLED,
         "people": pd.array(list(enrolled.values()), "Int64")}
    )  # fmt: skip
    return {"evaluation_programme": programmes, "evaluation_people": people}.__getitem__


def test_a_networks_report_has_its_own_programme_first():
    of = released({"calls": 0, "hiu": 25})
    assert own_page.programmes_here(of, "U1", is_ics=False) == ["hiu"]
    assert own_page.chosen(of, OWN, ["hiu"]) == "hiu"
    assert own_page.chosen(of, "calls", ["hiu"]) == "calls"  # asked for by name
    both = released({"calls": None, "hiu": 25})  # a suppressed number is a small one
    assert own_page.programmes_here(both, "U1", is_ics=False) == ["hiu", "calls"]
    assert own_page.programmes_here(of, "QZZ", is_ics=True) == ["calls", "hiu"]


def test_where_nobody_enrolled_the_report_says_none_here_and_shows_no_other_programme_first():
    of = released({"calls": 0, "hiu": 0})
    here = own_page.programmes_here(of, "U1", is_ics=False)
    assert (here, own_page.chosen(of, OWN, here)) == ([], "")
    assert str(own_page.none_here(of, "", "Elm PCN")).startswith(
        "None here: nobody of Elm PCN enrolled in a programme that has a definition (Calls and HIU)."
    )
    assert own_page.none_here(of, "hiu", "Elm PCN") is None
    evaluated = programme_page.evaluation(of, "")
    assert isinstance(evaluated, Absent)
    assert effect_page.effect(evaluated) is None


def test_where_nothing_can_be_evaluated_the_page_says_what_the_run_lacks():
    of = released({}, ("needs person_index, which", "needs person_index, which"))
    assert own_page.chosen(of, OWN, own_page.programmes_here(of, "U1", is_ics=False)) == "calls"


def test_the_whole_ics_hears_of_every_programme():
    others = pd.DataFrame([HEAD | {"title": "HIU", "follow_up_months": 6},
                           HEAD | {"title": "Calls", "follow_up_months": 3, "intervention": "calls"}])  # fmt: skip
    [said] = effect_page.effects_beside(page(HEAD, others=others), ["calls", "hiu"])
    assert str(said).startswith("With Calls people had 38% fewer attendances than expected without it over 3 months")
    assert effect_page.effects_beside(page(HEAD, others=others), ["hiu"]) == []
    brief = programme_page.every_programme(pd.concat([others, pd.DataFrame([NO_VERDICT | {"title": "New"}])]))
    assert brief["Rate ratio (95% limits)"].tolist()[1:] == [
        "0.62 (0.48 to 0.80)", "0.62 (no verdict: too few networks without the programme)"
    ]  # fmt: skip
