"""Ways in which a delivered file can be damaged; each takes bytes and returns other bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

Mutation = Callable[[Random, bytes], bytes]

_BAD_TEXT = (b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf8\x88\x80\x80\x80", b"\xe4")
_LINE_ENDS = (b"\r", b"\x0b", b"\x0c", b"\xc2\x85", b"\xe2\x80\xa8", b"\r\r\n", b"\n\n", b" \n")
_VALUES = (
    b"1e30", b"-1", b"NaN", b"inf", b"99999999999999999999", b"-9223372036854775808", b"0x10",
    b"0000-00-00", b"9999-12-31T23:59:59Z", b"1970-01-01T00:00:00Z", b"-0001-01-01T00:00:00Z",
    b"2026-02-30", b"2026-10-25T02:30:00", b"\xd9\xa3\xd9\xa4", b"'; drop table raw", b"=1+1",
    b"\xf0\x9f\x92\xa3" * 50, b"#END", b"\\N", b"null", b"1_000", b"+1", b" 1 ", b"1,5",
)  # fmt: skip


def _put(rng: Random, content: bytes, piece: bytes) -> bytes:
    at = rng.randrange(len(content) + 1)
    return content[:at] + piece + content[at:]


def flip_bits(rng: Random, content: bytes) -> bytes:
    """Flip some bits anywhere."""
    damaged = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5, 20)) if content else 0):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def put_nul(rng: Random, content: bytes) -> bytes:
    """Put NUL bytes somewhere, as a sparse or damaged disk does."""
    return _put(rng, content, b"\0" * rng.choice((1, 1, 3, 4096)))


def put_line_end(rng: Random, content: bytes) -> bytes:
    """Put something that some take for a line end."""
    for _ in range(rng.choice((1, 3))):
        content = _put(rng, content, rng.choice(_LINE_ENDS))
    return content


def put_bad_text(rng: Random, content: bytes) -> bytes:
    """Put bytes that are not UTF-8."""
    return _put(rng, content, rng.choice(_BAD_TEXT))


def put_quotes(rng: Random, content: bytes) -> bytes:
    """Put quotes where none belong."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        content = _put(rng, content, rng.choice((b'"', b'""', b'"\n', b',"', b"'", b'\\"')))
    return content


def put_delimiters(rng: Random, content: bytes) -> bytes:
    """Put delimiters of this and of other formats."""
    return _put(rng, content, rng.choice((b",", b",,,", b";", b"\t", b"|", b" = ", b"</Ntry>")))


def put_value(rng: Random, content: bytes) -> bytes:
    """Replace a field by an odd value."""
    fields = content.split(b",")
    fields[rng.randrange(len(fields))] = rng.choice(_VALUES)
    return b",".join(fields)


def truncate(rng: Random, content: bytes) -> bytes:
    """Lose the end."""
    return content[: rng.randrange(len(content) + 1)]


def lose_middle(rng: Random, content: bytes) -> bytes:
    """Lose a piece."""
    start = rng.randrange(len(content) + 1)
    return content[:start] + content[start + rng.randrange(1, 400) :]


def put_huge_field(rng: Random, content: bytes) -> bytes:
    """Put a field that is longer than any field."""
    letter = rng.choice((b"x", b"9", b'"', b"\xc3\xa4", b" "))
    return _put(rng, content, letter * rng.choice((300, 40_000, 70_000, 1_200_000)))


def put_columns(rng: Random, content: bytes) -> bytes:
    """Put 10,000 columns into a line, often the first."""
    lines = content.split(b"\n")
    at = rng.choice((0, rng.randrange(len(lines))))
    lines[at] += b"," + b",".join(b"c%d" % number for number in range(10_000))
    return b"\n".join(lines)


def glue(rng: Random, content: bytes) -> bytes:
    """Glue the file to itself, or to a piece of itself."""
    more = content if rng.random() < 0.5 else truncate(rng, content)
    return content.rstrip(b"\n") * rng.randrange(2) + content + more


def shuffle_lines(rng: Random, content: bytes) -> bytes:
    """Bring the lines into another order, or lose or double some."""
    lines = content.split(b"\n")
    if rng.random() < 0.3:
        rng.shuffle(lines)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(lines))
        lines[at:at] = rng.choice(([], [lines[at]], [b""], [b" \t "], [b",,,,"]))
        if len(lines) > 1:
            del lines[rng.randrange(len(lines))]
    return b"\n".join(lines)


def recode(rng: Random, content: bytes) -> bytes:
    """Write the text in another encoding, or with a mark in front."""
    text = content.decode("utf-8", "replace")
    return rng.choice(
        (
            text.encode("utf-16"),
            text.encode("latin-1", "replace"),
            text.encode("utf-8-sig"),
            b"\xef\xbb\xbf\xef\xbb\xbf" + content,
            content.replace(b"\n", b"\r\n"),
            content.replace(b"\n", b"\r"),
            content.replace(b",", b";"),
            content.upper(),
        )
    )


def put_noise(rng: Random, content: bytes) -> bytes:
    """Put random bytes."""
    return _put(rng, content, rng.randbytes(rng.choice((1, 8, 100, 5000))))


def empty(rng: Random, content: bytes) -> bytes:
    """Leave nothing, or next to nothing."""
    return rng.choice((b"", b"\n", b"\0", content[:1], b"\n" * 5000, b",", b'"', b"\r\n"))


# the rough ones are rare: they leave nothing for the others to show
MUTATIONS: tuple[Mutation, ...] = (
    flip_bits, flip_bits, put_nul, put_line_end, put_line_end, put_bad_text, put_bad_text,
    put_quotes, put_quotes, put_quotes, put_delimiters, put_value, put_value, put_value, truncate,
    lose_middle, put_huge_field, put_columns, glue, shuffle_lines, recode, put_noise, empty,
)  # fmt: skip


_ELEMENT = re.compile(rb"<(\w+)[^<>]*>[^<]*</\1>")
_BOMB = (
    b'<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    b'<!DOCTYPE d SYSTEM "file:///etc/hostname">',
)
_ODD_NODES = (
    b"<![CDATA[<Ntry>]]>",
    b"<?php echo 1 ?>",
    b"<Ntry/>",
    b"<x:y/>",
    b"<Amt/>",
    b"<Stmt/>",
)


def _pick(rng: Random, shape: re.Pattern[bytes], content: bytes) -> re.Match[bytes] | None:
    found = list(shape.finditer(content))
    return rng.choice(found) if found else None


def _replace_text(rng: Random, element: bytes) -> bytes:
    head, tail = element.split(b">", 1)[0] + b">", element[element.rindex(b"</") :]
    value = rng.choice((*_VALUES, b"", b"x" * 70_000, b"&#0;", b"&amp;" * 99, b"&nobody;"))
    return head + value + tail


def damage_element(rng: Random, content: bytes) -> bytes:
    """Lose, double, bury or fill an element; the document may stay well-formed."""
    found = _pick(rng, _ELEMENT, content)
    if found is None:
        return content
    element = found[0]
    deep = rng.choice((1, 50, 20_000))
    other = rng.choice(
        (
            b"",
            element * rng.choice((2, 2, 500)),
            _replace_text(rng, element),
            _replace_text(rng, element),
            rng.choice(_ODD_NODES) + element,
            b"<d>" * deep + element + b"</d>" * deep,
        )
    )
    return content[: found.start()] + other + content[found.end() :]


def damage_document(rng: Random, content: bytes) -> bytes:
    """Rename an element everywhere, declare entities, change the name space, double an entry."""
    found = _pick(rng, _ELEMENT, content)
    tag = found[1] if found else b"Ntry"
    head = content.index(b"?>") + 2 if b"?>" in content else 0
    start, stop = content.find(b"<Ntry>"), content.rfind(b"</Ntry>") + 7
    return rng.choice(
        (
            content.replace(b"<" + tag, b"<Odd").replace(b"</" + tag, b"</Odd"),
            content[:head] + rng.choice(_BOMB) + content[head:],
            content.replace(b"urn:iso", rng.choice((b"urn:other", b"", b"urn:\xc3\xa4")), 1),
            content[:stop] + content[start:stop] * rng.choice((1, 3)) + content[stop:],
        )
    )


def damage_xml(rng: Random, content: bytes) -> bytes:
    """Damage a document so that it may still be well-formed."""
    return rng.choice((damage_element, damage_element, damage_document))(rng, content)


def mutate(rng: Random, content: bytes, kind: str = "text") -> bytes:
    """Damage a file in one to four ways; `kind` is text, xml or binary.

    Most damage to XML leaves it readable, most to binary files leaves every byte at its place:
    otherwise nothing behind the first check of their readers would ever be tried.
    """
    gentle = {"xml": damage_xml, "binary": flip_bits}.get(kind)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 4))):
        if gentle is not None and rng.random() < 0.85:
            content = gentle(rng, content)
        else:
            content = rng.choice(MUTATIONS)(rng, content)
    return content
