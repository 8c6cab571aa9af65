"""The form `linkage` of the simulated ICS: six sources of identities, and the truth about them."""
