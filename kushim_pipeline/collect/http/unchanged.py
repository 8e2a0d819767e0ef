"""What a 304 stands for: the answer of before, if there is no doubt which one that is."""

import orjson

from kushim_pipeline.collect.http.call import Answer, Asked, Known

UNCHANGED = 304


def still_holds(known: Known, answer: Answer, asked: Asked) -> Answer | None:
    """The earlier answer, as if it had come now, where a 304 proves it; None where it has to be asked for outright.

    That is so where the 304 names another ETag, where the bytes can no longer be read, and where a page may have got a
    page after it since: the ETag is of the page, not of the list. Source: RFC 9110, sections 8.8.3.2 and 15.4.5.
    """
    if _weak(answer.headers.get("etag", known.etag)) != _weak(known.etag):
        return None
    body = known.body()
    if body is None or _may_go_on(known, answer, body, asked):
        return None
    kind = known.headers.get("content-type", "application/json")
    headers = {**known.headers, **answer.headers, "etag": known.etag, "content-type": kind}
    return Answer(200, headers, body)


def _weak(etag: str) -> str:
    return etag.removeprefix("W/")


def _may_go_on(known: Known, answer: Answer, body: bytes, asked: Asked) -> bool:
    """Whether it is not known that this page is still the last one, a 304 having no Link of its own."""
    link = known.headers.get("link", "")
    if "link" in answer.headers or 'rel="next"' in link:
        return False
    return bool(link) or str(len(orjson.loads(body))) == asked.get("per_page")
