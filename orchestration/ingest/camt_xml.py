"""Values in the XML of a bank statement: by local names, whatever the version."""

from __future__ import annotations

from xml.etree.ElementTree import Element


def local_name(element: Element) -> str:
    """Return the name of an element without its name space."""
    return str(element.tag).rpartition("}")[2]


def children(parent: Element | None, name: str) -> list[Element]:
    """Return the children of a name, in order."""
    return [] if parent is None else [child for child in parent if local_name(child) == name]


def find(parent: Element | None, *path: str) -> Element | None:
    """Follow a path of names, the first child of each; None where it ends."""
    for name in path:
        found = children(parent, name)
        if not found:
            return None
        parent = found[0]
    return parent


def text_of(parent: Element | None, *path: str) -> str:
    """Return the text at a path; empty where there is none."""
    found = find(parent, *path)
    return (found.text or "").strip() if found is not None else ""


def day_of(entry: Element, name: str) -> str:
    """Return the day of a date, or of a time."""
    return text_of(entry, name, "Dt") or text_of(entry, name, "DtTm")[:10]


def transaction_code(entry: Element) -> str:
    """Return the code as domain/family/sub-family, or the bank's own."""
    domain = find(entry, "BkTxCd", "Domn")
    parts = [
        text_of(domain, "Cd"),
        text_of(domain, "Fmly", "Cd"),
        text_of(domain, "Fmly", "SubFmlyCd"),
    ]
    return "/".join(part for part in parts if part) or text_of(entry, "BkTxCd", "Prtry", "Cd")
