"""What the network records: usage of all sources in their own formats, top-ups, and their dirt.

Read in this order: `rhythm` (when), `roaming` and `destinations` (where to), `events` (what
happens), `mediation`, `asterisk`, `freeswitch` and `radius` (how each system records it), `dirt`
(what goes wrong), `ledger` and `files` (what is delivered, and what the books must say of it), and
`day` (a delivery day).
"""

from data.simulator.traffic.day import traffic_of_day
from data.simulator.traffic.ledger import Ledger
from data.simulator.traffic.top_ups import top_ups_of_day

__all__ = ["Ledger", "top_ups_of_day", "traffic_of_day"]
