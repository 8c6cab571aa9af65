"""What a network's tables have besides the rows drawn first: planted follow-up, and lists of another day or kind.

All of it has random numbers of its own, so that the rows drawn first stay as they were.
"""

import numpy as np

from phm_utils.synthetic import outreach, partners, support
from phm_utils.synthetic.data_errors import text_dates
from phm_utils.synthetic.draws import stream
from phm_utils.synthetic.follow_up import FollowUp
from phm_utils.synthetic.network import Network
from phm_utils.synthetic.rows import Rows
from phm_utils.synthetic.shielding import Shielded, make_shielded, steroid_issues
from phm_utils.synthetic.vulnerable import Vulnerable, make_vulnerable


class AddedRows:
    """Sees each table of a network, before errors are added, and says which rows come below it, their errors included.

    shielded, vulnerable: once `partner_list` has been seen. follow_up: of the network that has planted lists, if any.
    """

    def __init__(self, seed: int, network: Network) -> None:
        self.seed, self.network = seed, network
        self.shielded: Shielded | None = None
        self.vulnerable: Vulnerable | None = None
        self.follow_up: FollowUp | None = None
        self._registrations = Rows(np.zeros(0, np.int32), {})
        self._steroids = (np.zeros(0, np.int32), np.zeros(0, np.int32))

    def below(self, table: str, rows: Rows) -> Rows | None:
        """The rows to add to a table. Tables are to be seen in the order of `make_tables`."""
        if table == "gp_registration":
            self._registrations = rows
        if table == "gp_medication":
            self._steroids = steroid_issues(rows)
        if table == "gp_event" and self.network.people.pcn == outreach.PCN:
            self.follow_up = outreach.make_outreach(self._stream("outreach"), self.network, self._registrations, rows)
            return outreach.coded_events(self.follow_up)
        return self._lists() if table == "partner_list" else None

    def earlier(self, rows: Rows) -> partners.EarlierEdition:
        """The earlier edition of `partner_list`. rows: the later one, with errors."""
        return partners.earlier_edition(self._stream("partner_list earlier"), self.network.people, rows)

    def _lists(self) -> Rows:
        """Rows of people who are on the earlier edition alone, and of shielded patients."""
        people, health = self.network.people, self.network.health
        on = partners.on_lists(self._stream("partner_list"), people, health)
        self.shielded = make_shielded(self._stream("shielded_patients"), people, self.network.facts, self._steroids)
        self.vulnerable = make_vulnerable(self.network, on, self.shielded, self._steroids)
        if people.pcn == support.PCN:
            self.follow_up = support.make_support(
                self._stream("support"), self.network, self.vulnerable, self._registrations
            )
        found = partners.only_earlier(people, on).followed_by(self.shielded.rows(people.pcn))
        found.columns["list_date"] = text_dates(self._stream("partner_list below"), found.dates("list_date"))
        return found

    def summary(self) -> dict:
        """Counts for `effects.json`."""
        shielded = self.shielded.counts() if self.shielded else {}
        return {"shielded": shielded, "vulnerable": self.vulnerable.counts() if self.vulnerable else {}}

    def _stream(self, subject: str) -> np.random.Generator:
        return stream(self.seed, self.network.people.pcn, subject)
