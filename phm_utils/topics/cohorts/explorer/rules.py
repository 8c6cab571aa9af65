"""The criteria as widgets: a box for each rule, and for each group a list of them with a bar to add one."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from traitlets import TraitError

from phm_utils.topics.cohorts.explorer.comparison import ComparisonField
from phm_utils.topics.cohorts.explorer.controls import (
    button,
    choice,
    column,
    html,
    on_value,
    row,
    shown,
    text,
    tick,
)
from phm_utils.topics.cohorts.explorer.fields import Field
from phm_utils.topics.cohorts.explorer.forms import (
    ADDED,
    AS_WRITTEN,
    FORMS,
    Asked,
    first_asked,
    first_nested,
    form_of,
    into_form,
    of_parts,
    parts_of,
)
from phm_utils.topics.cohorts.explorer.tree import Tree
from phm_utils.yaml_files import as_yaml

Content = dict[str, Any]
SAYS = "says"


class RuleBox:
    """One rule: on or off, its form, its fields, and the rules within it.

    A rule that the widgets could not give back exactly as the file has it is shown as written, and can be switched
    off, moved and removed only. The rule's own words are kept until the rule asks something else.
    """

    def __init__(self, tree: Tree, content: Mapping[str, Any], group: "GroupBox") -> None:
        self.tree, self.group = tree, group
        self.on, self.mark = tick("Criterion", True), html("", "phm-mark", "phm-said")
        self.up = button("Up", lambda: self.group.move_up(self))
        self.remove = button("Remove", lambda: self.group.remove(self))
        self.fields: list[Field] = []
        self.inner: GroupBox | None = None
        form = form_of(content)
        family = [f for f in FORMS.values() if f.family == form.family] or [form]
        self.form = choice("Form", [(f.words, f.key) for f in family], form.key)
        shown(self.form, form.key != "column")
        self._asks = row((), "phm-asks")
        self._within = column((), "phm-within")
        self.box = column((row((self.on, self.form, self._asks, self.up, self.remove, self.mark)), self._within))
        self.box.add_class("phm-rule")
        self._write(content)
        self.form.observe(lambda change: self._reform(change["new"]), "value")
        on_value((self.on,), self._changed)

    def _write(self, content: Mapping[str, Any]) -> None:
        """Show a rule. What it holds already is kept where it becomes a group of another form."""
        self._words = content.get(SAYS)
        asked = {key: value for key, value in content.items() if key != SAYS}
        with self.tree.held():
            self._as_written: Content | None = None
            self._shape = form_of(asked)
            try:
                self._fill(asked)
                same = self.plain() == asked or (self._shape.nested and not self._parts())
            except (TraitError, TypeError, ValueError, AttributeError, KeyError):
                same = False  # such as a parameter where a number stands
            if not same or self._shape == AS_WRITTEN:
                self._as_written, self.fields, self.inner = asked, [], None
                self.form.disabled = True
                self._within.children = ()
                self._asks.children = (html(f"<code>{escape(_in_line(asked))}</code>"),)
        self._loaded = self.plain()
        self._last: Content | None = self._loaded

    def _fill(self, asked: Content) -> None:
        shape = self._shape
        self.fields = [self.tree.field(name, shape, self._changed) for name in shape.asks]
        self._compared: Any = None
        for field in self.fields:
            self._fit()
            field.write(asked)
        if shape.nested and self.inner is None:
            self.inner = GroupBox(self.tree, parts_of(asked))
            self._within.children = (self.inner.box,)
        self._asks.children = tuple(control for field in self.fields for control in field.controls)

    def _fit(self) -> None:
        """Make the comparison fit what is compared."""
        comparisons = [f for f in self.fields if isinstance(f, ComparisonField)]
        subject = self.fields[0].read().get(self._shape.key) if self.fields else None
        if comparisons and (about := self.tree.compared(self._shape, subject)) != self._compared:
            self._compared = about
            comparisons[0].fit(*about)

    def _reform(self, key: str) -> None:
        if key and key != self._shape.key:
            self._write(into_form(self.plain(), key))
            self.tree.tell()

    def _changed(self) -> None:
        if self.tree.quiet:
            return
        with self.tree.held():
            self._fit()
        if (now := self.content()) != self._last:
            self._last = now
            self.tree.tell()

    def _parts(self) -> list[Content]:
        return self.inner.contents() if self.inner else []

    def plain(self) -> Content:
        """The rule as a file has it, without words of its own, whether on or off."""
        if self._as_written is not None:
            return dict(self._as_written)
        asked: Content = of_parts(self._shape.key, self._parts()) if self._shape.nested else {}
        for field in self.fields:
            asked |= field.read()
        return asked

    def content(self) -> Content | None:
        """The rule as a file has it; None where it is off, or a group of nothing."""
        if not self.on.value or (self._as_written is None and self._shape.nested and not self._parts()):
            return None
        now = self.plain()
        return {SAYS: self._words, **now} if self._words and now == self._loaded else now

    def number(self, name: str) -> None:
        """Name the rule in the labels of its controls."""
        self.on.description = f"Criterion {name}"
        self.up.description, self.remove.description = f"Move {name} up", f"Remove {name}"
        if self.inner:
            self.inner.number(name)

    def focus(self) -> None:
        """Put the keyboard on what a new rule asks first."""
        inner = self.inner.find if self.inner else self.on
        (self.fields[0].controls[0] if self.fields else inner).focus()


class GroupBox:
    """Rules in their order, and a bar that finds and adds one."""

    def __init__(self, tree: Tree, parts: Sequence[Mapping[str, Any]]) -> None:
        self.tree, self.name = tree, ""
        self.find = text("Find", at_once=True, hint="part of a name")
        self.what = choice("What to add", self._offered(tree.asked))
        self.add = button("Add", self._add)
        self._list = column(())
        self.box = column((self._list, row((self.find, self.what, self.add), "phm-add")), "phm-group")
        self.rules = [RuleBox(tree, part, self) for part in parts]
        self._arrange()
        self.find.observe(lambda change: self._search(change["new"]), "value")

    def _offered(self, asked: Sequence[Asked]) -> list[tuple[str, Asked | str]]:
        groups = [(f"{FORMS[key].words} ...", key) for key in ADDED]
        return [*((a.label, a) for a in asked), *groups]

    def _search(self, word: str) -> None:
        self.what.options = self._offered(self.tree.find(word))
        self.what.index = 0

    def _add(self) -> None:
        chosen = self.what.value
        if chosen is None:
            self.find.focus()
            return
        content = first_asked(chosen) if isinstance(chosen, Asked) else first_nested(chosen)
        self.rules.append(RuleBox(self.tree, content, self))
        self._arrange()
        self.rules[-1].focus()
        self.tree.tell()

    def remove(self, rule: RuleBox) -> None:
        """Take a rule out; the keyboard goes to the one in its place, or to the bar."""
        place = self.rules.index(rule)
        self.rules.remove(rule)
        self._arrange()
        following = self.rules[place:]
        (following[0].on if following else self.find).focus()
        self.tree.tell()

    def move_up(self, rule: RuleBox) -> None:
        """Apply a rule before the one above it."""
        place = self.rules.index(rule)
        if place:
            self.rules.insert(place - 1, self.rules.pop(place))
            self._arrange()
            (rule.up if place > 1 else rule.on).focus()
            self.tree.tell()

    def _arrange(self) -> None:
        self._list.children = tuple(rule.box for rule in self.rules)
        self.number(self.name)

    def number(self, name: str) -> None:
        """Number the rules within `name`."""
        self.name = name
        self.add.description = f"Add to {name}" if name else "Add"
        for place, rule in enumerate(self.rules, start=1):
            rule.number(f"{name}.{place}" if name else str(place))
            shown(rule.up, place > 1)

    def contents(self) -> list[Content]:
        """What a file has for the rules that are on."""
        return [content for rule in self.rules if (content := rule.content()) is not None]


def _in_line(content: Mapping[str, Any]) -> str:
    return as_yaml(dict(content), default_flow_style=True, width=1_000).strip()
