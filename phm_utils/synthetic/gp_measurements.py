"""What practices measure and ask: blood pressure, body mass, blood tests, smoking."""

import numpy as np

from phm_utils.synthetic import codes, days
from phm_utils.synthetic.facts import Facts
from phm_utils.synthetic.people import People

_EGFR_WRITTEN = (8, 130)  # mL/min/1.73m2, lowest and highest


def add_measurements(rng, events, people: People, facts: Facts, use, seen, last) -> tuple[np.ndarray, ...]:
    """Blood pressure, body mass index, HbA1c, cholesterol, eGFR and smoking.

    Returns whose each eGFR is, its day, and its value.
    """
    _vital_signs(rng, events, people, facts.health, use, seen, last)
    _smoking(rng, events, people, facts.health, use, seen, last)
    return _blood(rng, events, people, facts, use, seen, last)


def _vital_signs(rng, events, people, health, use, seen, last) -> None:
    age, first, end = people.age[seen], people.first[seen], last[seen]
    years = np.maximum(end - first, 1) / days.YEAR
    adult = np.interp(age, [0, 15, 18, 40, 70], [0.02, 0.05, 0.45, 0.75, 1.3])
    diabetic = health.of("diabetes")[seen]
    treated = health.of("hypertension", "ckd", "chd", "stroke_tia")[seen]

    rate = (adult * 1.8 + 3.4 * treated + 1.5 * diabetic) * use[seen] ** 0.5
    rows, when = days.SURGERY.spread(rng, first, end, rng.poisson(rate * years))
    usual = 113 + 0.36 * (age - 20).clip(0) + 5.0 * treated + rng.normal(0, 9, len(seen))
    upper = np.rint(np.clip(usual.astype(np.float32)[rows] + 8 * rng.standard_normal(len(rows), np.float32), 80, 230))
    lower = np.rint(np.clip(upper * 0.45 + 18 + 6 * rng.standard_normal(len(rows), np.float32), 40, 130))
    who = seen[rows]
    events.add(who, when, codes.positions("systolic_bp")[0], upper * 10, "mmHg")
    events.add(who, when, codes.positions("diastolic_bp")[0], lower * 10, "mmHg")

    rate = (np.maximum(adult, 0.15) * 1.1 + 1.2 * diabetic) * use[seen] ** 0.5
    rows, when = days.SURGERY.spread(rng, first, end, rng.poisson(rate * years))
    value = health.bmi[seen][rows] * (1 + 0.025 * rng.standard_normal(len(rows), np.float32))
    events.add(seen[rows], when, codes.positions("bmi")[0], np.rint(value.clip(11, 75) * 10), "kg/m2")

    rate = np.where(diabetic, 2.6, 0.35 * adult) * use[seen] ** 0.3
    rows, when = days.SURGERY.spread(rng, first, end, rng.poisson(rate * years))
    usual = np.where(diabetic, 42 + rng.gamma(2.0, 8.0, len(seen)), 36 + rng.normal(0, 2.5, len(seen)))
    value = np.rint(np.clip(usual.astype(np.float32)[rows] + 4 * rng.standard_normal(len(rows), np.float32), 20, 160))
    events.add(seen[rows], when, codes.positions("hba1c")[0], value * 10, "mmol/mol")


def _smoking(rng, events, people, health, use, seen, last) -> None:
    """Smoking status of people aged 15 and over."""
    adults = seen[people.age[seen] >= 16]
    years = np.maximum(last[adults] - people.first[adults], 1) / days.YEAR
    rate = (2.0 + 0.7 * (health.smoking[adults] == 2)) * use[adults] ** 0.5
    rows, when = days.SURGERY.spread(rng, people.first[adults], last[adults], rng.poisson(rate * years))
    status = [codes.positions(f"smoking_{s}")[0] for s in ("never", "ex", "current")]
    events.add(adults[rows], when, np.array(status, codes.index_type())[health.smoking[adults]][rows])


def _blood(rng, events, people, facts: Facts, use, seen, last) -> tuple[np.ndarray, ...]:
    """Cholesterol of the middle-aged and old; eGFR, below 60 in kidney disease and below 15 at its end."""
    age, first, end = people.age[seen], people.first[seen], last[seen]
    years = np.maximum(end - first, 1) / days.YEAR
    watched = facts.of("diabetes", "hypertension", "chd", "stroke_tia")[seen]
    rate = (np.interp(age, [0, 18, 40, 60, 90], [0.0, 0.03, 0.14, 0.25, 0.2]) + 0.35 * watched) * use[seen] ** 0.3
    rows, day = days.SURGERY.spread(rng, first, end, rng.poisson(rate * years))
    usual = 5.2 - 0.8 * watched + rng.normal(0, 0.8, len(seen)) - 0.006 * np.abs(age - 55)
    value = usual.astype(np.float32)[rows] + 0.35 * rng.standard_normal(len(rows), np.float32)
    events.add(seen[rows], day, codes.positions("cholesterol")[0], np.rint(value.clip(2, 12) * 10), "mmol/L")

    kidney, failed = facts.of("ckd")[seen], facts.of("end_stage_renal")[seen]
    rate = np.interp(age, [0, 18, 40, 60, 90], [0.01, 0.10, 0.2, 0.4, 0.7]) + 0.4 * watched + 1.1 * kidney
    rows, day = days.SURGERY.spread(rng, first, end, rng.poisson(rate * use[seen] ** 0.3 * years))
    usual = np.clip(118 - 0.6 * age, 62, 110) + rng.normal(0, 9, len(seen))
    usual = np.where(kidney, 34 + 22 * rng.beta(2.2, 1.2, len(seen)), np.maximum(usual, 66))
    usual = np.where(failed, 11.0, usual)
    value = usual.astype(np.float32)[rows] * (1 + 0.04 * rng.standard_normal(len(rows), np.float32))
    value = np.rint(value.clip(*_EGFR_WRITTEN))
    events.add(seen[rows], day, codes.positions("egfr")[0], value * 10, "mL/min/1.73m2")
    return seen[rows], day, value
