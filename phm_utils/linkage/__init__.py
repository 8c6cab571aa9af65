"""Record linkage: records of every source linked to the people of the GP extract."""

from phm_utils.linkage.link import link

__all__ = ["link"]
