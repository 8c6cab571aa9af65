"""Long-term conditions as planted: how common at each age, and by how much more in deprived areas."""

from dataclasses import dataclass

AGES = (2, 15, 25, 35, 45, 55, 65, 75, 85, 95)
# grad(ient): log-odds from the mean area to the most deprived. fem(ale): women against men. frail(ty): log-odds
# per standard deviation. rev(iews): coded entries a year. res(olved): share coded as resolved later. icd10: how a
# hospital codes it, - where it does not. Then the percentage who have it at each of AGES, at deprivation 0.
_TABLE = """
concept               grad  fem frail rev res icd10      2     15   25   35  45  55   65   75   85   95
asthma                 .14  .15   .45   4 .15  J459      4      8  8.5    8   8 8.5    9    9  7.5    5
atrial_fibrillation    .05 -.45   .45   6 .02  I489    .01    .02  .06   .2  .5 1.6  4.8 11.5   20   22
cancer                -.08   .1    .3   6   0  C509     .1     .2   .4    1 2.2 4.5  8.5   14   17   16
chd                     .3  -.8   .45   6   0  I251   1e-3   .005  .03   .1  .8   3  7.5   13   18   18
copd                    .6  -.1   .45   6 .01  J449  .0009  .0044 .026  .09 .53 1.9  4.8    7    7    4
dementia               .12  .15   .45   6   0  F03X   1e-4   1e-4 1e-3 .005 .03  .2   .8  3.5   12   22
depression             .32  .55   .55   5  .2  F329    .01      3   14   18  19  18 14.5   12   12   11
anxiety                .22   .5   .55   4   0  F419     .2      5   11   12  11  10  8.5    7    6    5
diabetes                .3  -.3   .45   9 .03  E119    .04    .24  .48  1.3 3.6   7   12   15   14   10
epilepsy               .35 -.05    .2   5 .05  G409     .2     .5   .7   .8  .9  .9   .9    1    1   .9
heart_failure           .3  -.3    .7   8 .01  I500    .01    .01  .03  .06  .2  .6  1.8  4.2  9.5   13
hypertension           .14 -.05   .45   6 .02  I10X   1e-3    .03   .6  2.5   8  19 34.5   47   55   50
ckd                    .18   .1   .45   6 .03  N183   .007   .014  .07   .2 .61 1.7    5   12   22   26
learning_disability     .4  -.4     0   4   0  F819     .2     .6   .7   .6  .5  .5   .4   .3   .2   .1
osteoporosis           .08  1.5    .3   4   0  M819   1e-4   1e-4 1e-3  .05  .1   1  2.2  4.5    8   10
pad                    .45  -.6   .45   5   0  I739   1e-4   1e-3 1e-3  .03  .1  .5  1.5  2.7  3.5    3
palliative_care        .06    0    .8  12 .03  Z515   .005   .005  .01  .02 .05 .15   .4    1    3    6
rheumatoid_arthritis   .12   .9    .3   6   0  M069    .01    .05   .1   .3  .6   1  1.6  1.9  1.7  1.2
smi                    .55  -.1    .3   7   0  F209   1e-3     .1   .6 1.15 1.4 1.4  1.2    1   .9   .7
stroke_tia             .24 -.25   .45   6   0  I694    .02    .04   .1   .3  .8   2  4.5  8.5   13   15
hypothyroidism         .04  1.4    .2   5   0  E039    .03     .2   .9    2 3.5 5.5  7.5    9   10    9
parkinsons             .03  -.4    .3   7   0  G20X .00001 .00001 1e-4 1e-3 .02 .06   .3   .9  1.7  1.7
multiple_sclerosis     .04    1    .1   6   0  G35X   1e-4   1e-3  .05   .2 .35  .4  .35   .2   .1  .05
chronic_liver_disease  .35  -.3    .4   5   0  K746    .01    .03   .1   .4  .9 1.3  1.2    1   .6   .3
osteoarthritis         .18  .35    .4   3   0 M1996   1e-3    .05   .3  1.2   5  12   20   27   32   31
alcohol_problems       .55  -.9    .4   4   0  F102   1e-4     .1  1.2  2.2 2.8 2.6  1.8   .9   .4   .2
housebound             .25   .2    .9   3 .06     -   1e-3   1e-3  .01  .02 .05  .1   .4  1.8  7.5   20
carer                  .15   .6   -.1   2 .12     -   1e-3     .4   .8  1.5   3 4.5  4.5    4  2.5   .8
homeless                .6  -.8    .6   3  .2     -   1e-3    .05  .25  .25 .25 .15  .04  .01 1e-3 1e-3
"""


@dataclass(frozen=True)
class Condition:
    """One line of the table."""

    concept: str
    gradient: float
    female: float
    frailty: float
    reviews: float
    resolved: float
    icd10: str
    at_age: tuple[float, ...]


def _read(line: str) -> Condition:
    concept, gradient, female, frailty, reviews, resolved, icd10, *percent = line.split()
    return Condition(
        concept,
        float(gradient),
        float(female),
        float(frailty),
        float(reviews),
        float(resolved),
        "" if icd10 == "-" else icd10,
        tuple(float(p) / 100 for p in percent),
    )


def read_table(text: str) -> tuple[Condition, ...]:
    """The lines of such a table below its heading."""
    return tuple(_read(line) for line in text.strip().splitlines()[1:])


CONDITIONS = read_table(_TABLE)
NAMES = tuple(c.concept for c in CONDITIONS)
LONG_TERM = 26  # the first so many count as long-term conditions; the rest are circumstances
