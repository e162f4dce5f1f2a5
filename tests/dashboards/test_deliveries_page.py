from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from orchestration.built import code_digest
from orchestration.green import Green, mark_green
from orchestration.publishing import publish
from orchestration.settings import REPOSITORY, Settings

DAY = date(2026, 10, 1)
PAGE = str(REPOSITORY / "dashboards" / "app.py")
# the columns of the mart that the page reads; the mart's own test holds their names
DELIVERIES = """
create schema marts;
create table marts.fct_deliveries as
select *, date '2026-10-01' as folder_on, date '2026-10-01' as delivered_on, '' as repeat_of
from (values
    ('network', 'usage_records', 'a.csv', 'ingested', 10, 8, 1, 1, 0, null, null),
    ('network', 'usage_records', 'b.csv', 'repeat', 10, 0, 0, 0, 0, 'REPEAT', 'same as a.csv'),
    ('crm', 'customers', 'c.csv', 'refused', 3, 0, 0, 0, 0, 'HEADER', 'lacks customer_id')
) as files (
    system, feed, file, status, records_in, row_count, quarantined, blank, difference, reason_code,
    message
)
"""


@pytest.fixture
def page(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("TOLLHOUSE_DATA", str(settings.data))
    return AppTest.from_file(PAGE, default_timeout=60)


def publish_deliveries(settings: Settings) -> None:
    Path(settings.data).mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(DELIVERIES)
        mark_green(connection, Green(DAY, code_digest(settings), "", ("fct_deliveries",)))
    publish(settings, DAY)


def test_an_empty_house_says_what_to_do(page: AppTest) -> None:
    page.run()
    assert not page.exception
    assert page.title[0].value == "Nothing was published yet"
    assert "make run" in page.info[0].value


def test_the_title_is_the_answer(page: AppTest, settings: Settings) -> None:
    publish_deliveries(settings)
    page.run()
    assert not page.exception
    assert page.title[0].value == "3 files delivered, 1 not taken, 1 record quarantined"
    assert [(tile.label, tile.value) for tile in page.metric] == [
        ("Files taken", "1"),
        ("Records", "10"),
        ("Rows", "8"),
        ("Quarantined", "1"),
        ("Files not taken", "1"),
    ]
    open_files = page.dataframe[1].value
    assert sorted(open_files["file"]) == ["a.csv", "c.csv"]
