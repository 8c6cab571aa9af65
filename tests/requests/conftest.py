"""The small linked run on disk of `list_world`."""

from list_world import world as world
