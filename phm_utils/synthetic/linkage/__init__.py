"""The form `linkage` of the make-believe ICS: six sources that tell who somebody is, and the truth behind them."""
