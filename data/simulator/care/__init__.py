"""The care desk of the simulated operator: outages, contacts, tickets and what is said in them.

Knows nothing of hazards and of how customers live: it is given rates and moods, and gives back the
rows of a day, the ticket events that are still to come, and what each customer met.
"""

from data.simulator.care.contacts import CareDay, care_of_day
from data.simulator.care.outages import outage_rows, outages_of_month
from data.simulator.care.tickets import CARRY_SCHEMA

__all__ = ["CARRY_SCHEMA", "CareDay", "care_of_day", "outage_rows", "outages_of_month"]
