"""The invented counties of the simulated ICS, in the order in which its networks are numbered."""

from dataclasses import dataclass


@dataclass(frozen=True)
class County:
    """A county: the place above fifteen networks.

    code: of its Sub ICB Location. stream: name of its random draws. practices: first word of its
    practices' names. offset_km: of its centre from Demoshire's, east and north. networks: names of its networks.
    """

    code: str
    name: str
    stream: str
    practices: str
    offset_km: tuple[float, float]
    networks: tuple[str, ...]


COUNTIES = (
    County("99A", "Demoshire", "geography", "Demo", (0, 0), (
        "Northgate", "Millbrook", "Castle Ward", "Weavers", "Harbour", "Orchard", "Foundry", "Meadows", "Quayside",
        "Abbey", "Station", "Marches", "Fenside", "Parkland", "Long Fell")),
    County("99B", "Sampleshire", "geography 2", "Sample", (66, 4), (
        "Southgate", "Watermill", "Guildhall", "Tannery", "Dockside", "Hopfields", "Ironworks", "Greenway", "Ferry",
        "Priory", "Junction", "Borderlands", "Saltmarsh", "Deer Park", "High Moor")),
    County("99C", "Modelshire", "geography 3", "Model", (2, 64), (
        "Eastgate", "Brookside", "Market Hall", "Silk Mill", "Pierhead", "Cider Vale", "Steelyard", "Lawns",
        "Lock Keepers", "Minster", "Viaduct", "Dyke Villages", "Levels", "Arboretum", "Beacon Hill")),
    County("99D", "Fictonshire", "geography 4", "Ficton", (68, 66), (
        "Westgate", "Riverbank", "Old Town", "Ropewalk", "Lighthouse", "Vineyard", "Colliery", "Commons", "Wharf",
        "Cloisters", "Tramway", "Ridgeway", "Broads", "Manor", "Stony Tor")),
    County("99E", "Trialshire", "geography 5", "Trial", (-64, 6), (
        "Kingsgate", "Weirside", "Corn Exchange", "Lacemakers", "Bayview", "Blossom", "Kilns", "Village Green",
        "Boatyard", "Friary", "Crossings", "Hollow Way", "Washlands", "Estate", "Windy Gap")),
    County("99F", "Mockshire", "geography 6", "Mock", (-62, 68), (
        "Queensgate", "Springs", "Town Wall", "Dyers", "Sandbanks", "Barley", "Quarry", "Paddocks", "Slipway",
        "Chantry", "Sidings", "Drovers", "Reedbeds", "Folly", "Grey Crag")),
)  # fmt: skip
