"""Router of the dashboards: one page per question. `make dashboards` serves it on 127.0.0.1."""

import sys
from pathlib import Path

import streamlit as st

# streamlit puts the folder of this script on the path, not the folder of the project
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

st.set_page_config(page_title="Tollhouse", layout="wide")

# no icons: the browser would fetch one from outside
pages = {
    "Operations": [st.Page("views/deliveries.py", title="Deliveries", default=True)],
}
st.navigation(pages).run()
