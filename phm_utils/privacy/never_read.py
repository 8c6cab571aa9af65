"""Lists that no run reads, by their names: of domestic abuse and sexual violence."""

import re

# Put together with an address such a fact can cost a life.
NEVER_READ = re.compile(
    r"marac|idva|(domestic|sexual)[ _-]*(abuse|violence|assault)|women'?s?[ _-]*(aid|refuge)"
    r"|(?<![a-z])refuges?(?![a-z])|(?<!substance[ _-])(?<!alcohol[ _-])(?<!drug[ _-])abuse",
    re.IGNORECASE,
)
