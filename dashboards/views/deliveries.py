"""Whether everything that was delivered arrived, and what is wrong with the rest."""

from __future__ import annotations

import altair as alt
import polars as pl
import streamlit as st

from dashboards.lib.builds import served_build

STATUS_ORDER = ("ingested", "repeat", "refused", "held")
STATUS_COLOURS = ("#1F5FA8", "#B8C4CF", "#C77700", "#7A8896")

BY_SYSTEM = """
select
    system,
    count(*) filter (where status = 'ingested') as files,
    coalesce(sum(records_in) filter (where status = 'ingested'), 0)::bigint as records,
    coalesce(sum(row_count), 0)::bigint as row_count,
    coalesce(sum(quarantined), 0)::bigint as quarantined,
    coalesce(sum(blank), 0)::bigint as blank,
    count(*) filter (where status = 'repeat') as repeats,
    count(*) filter (where status = 'refused') as refused,
    count(*) filter (where status = 'held') as held,
    coalesce(sum(difference), 0)::bigint as difference
from fct_deliveries
group by system
order by system
"""
BY_DAY = """
select coalesce(delivered_on, folder_on) as day, status, count(*) as files
from fct_deliveries
where coalesce(delivered_on, folder_on) is not null
group by all
order by all
"""
WAITING = """
select status, system, feed, file, reason_code, message, records_in
from fct_deliveries
where status in ('refused', 'held') or quarantined > 0
order by status, system, feed, file
"""


def _thousands(value: int) -> str:
    return f"{value:,}"


def _tiles(total: dict[str, int]) -> None:
    tiles = (
        ("Files taken", total["files"], "Files whose rows count; repeats are not among them."),
        ("Records", total["records"], "Lines, stanzas or entries in those files, headers aside."),
        ("Rows", total["row_count"], "Records that keep their contract and are in raw."),
        ("Quarantined", total["quarantined"], "Records set aside with a reason; they can return."),
        ("Files not taken", total["refused"] + total["held"], "Refused or held, with a reason."),
    )
    with st.container(horizontal=True):
        for label, value, meaning in tiles:
            st.metric(label, _thousands(value), help=meaning, border=True)


def _files_by_day(days: pl.DataFrame) -> alt.Chart:
    return (
        alt.Chart(days)
        .mark_bar()
        .encode(
            x=alt.X("yearmonthdate(day):O", title=None, axis=alt.Axis(format="%d %b")),
            y=alt.Y("files:Q", title=None, axis=alt.Axis(tickMinStep=1)),
            color=alt.Color(
                "status:N",
                sort=list(STATUS_ORDER),
                scale=alt.Scale(domain=list(STATUS_ORDER), range=list(STATUS_COLOURS)),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=["day:T", "status:N", "files:Q"],
        )
        .properties(height=220)
    )


def _page() -> None:
    build = served_build()
    if build is None:
        st.title("Nothing was published yet")
        st.info("Run `make run`: it lands a small example, builds it and publishes the result.")
        return
    systems = build.query(BY_SYSTEM)
    total = {name: int(systems[name].sum()) for name in systems.columns if name != "system"}
    open_files = total["refused"] + total["held"]
    rest = "all taken" if not open_files else f"{open_files} not taken"
    if total["quarantined"]:
        records = "record" if total["quarantined"] == 1 else "records"
        rest += f", {total['quarantined']} {records} quarantined"
    st.title(f"{total['files'] + total['repeats'] + open_files} files delivered, {rest}")
    st.caption(f"Data as of {build.as_of:%d %B %Y} · build {build.name} · blocking checks passed")
    _tiles(total)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("Records by system")
        shown = systems.drop("difference").rename({"row_count": "rows"})
        st.dataframe(shown, hide_index=True)
        st.caption(f"records = rows + quarantined + blank, difference {total['difference']}")
    with right:
        st.subheader("Files by delivery day")
        st.altair_chart(_files_by_day(build.query(BY_DAY)))
    st.subheader("What wants a look")
    waiting = build.query(WAITING)
    if waiting.is_empty():
        st.success("No file is refused or held, and no record is quarantined.")
    else:
        st.dataframe(waiting, hide_index=True)


_page()
