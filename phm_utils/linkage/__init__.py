"""Who is who: records of every source joined to the people of the GP extract."""

from phm_utils.linkage.link import link

__all__ = ["link"]
