"""One module per question; Streamlit runs them, nothing imports them."""
