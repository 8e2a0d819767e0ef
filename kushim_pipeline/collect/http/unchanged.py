"""What a 304 stands for: the answer of before, if there is no doubt which one that is."""

import re
from collections.abc import Callable

import orjson

from kushim_pipeline.collect.http.call import Answer, Asked, Known

UNCHANGED = 304
_NEXT = re.compile(r'<([^<>]*)>\s*;\s*rel="next"')


def still_holds(known: Known, answer: Answer, asked: Asked, leads_away: Callable[[str], bool]) -> Answer | None:
    """The earlier answer, as if it had come now, where a 304 proves it; None where it has to be asked for outright.

    That is so where the 304 names another ETag, where the bytes can no longer be read, and where a page may have got a
    page after it since (the ETag is of the page, not of the list) or one that was somewhere else before. In: what says
    whether a link leaves the base URL. Source: RFC 9110, sections 8.8.3.2 and 15.4.5.
    """
    if _weak(answer.headers.get("etag", known.etag)) != _weak(known.etag):
        return None
    body = known.body()
    if body is None or _may_go_on(known, answer, body, asked, leads_away):
        return None
    kind = known.headers.get("content-type", "application/json")
    headers = {**known.headers, **answer.headers, "etag": known.etag, "content-type": kind}
    return Answer(200, headers, body)


def _weak(etag: str) -> str:
    return etag.removeprefix("W/")


def _may_go_on(known: Known, answer: Answer, body: bytes, asked: Asked, leads_away: Callable[[str], bool]) -> bool:
    """Whether it is not known which page follows, if any: a 304 need not have a Link of its own."""
    if "link" in answer.headers:
        return False
    link = known.headers.get("link", "")
    following = _NEXT.search(link)
    if following is not None:
        return leads_away(following[1])
    return bool(link) or str(len(orjson.loads(body))) == asked.get("per_page")
