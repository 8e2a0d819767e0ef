"""What a 304 stands for: the answer of before, if there is no doubt which one that is.

GitHub's 304 has no Link and at times no ETag, and its ETags are of a page, not of the list: a list gets or loses pages
behind a page that stays the same. Source: RFC 9110, sections 8.8.3.2 and 15.4.5; the rest as seen at GitHub.
"""

import re
from collections.abc import Callable

import orjson

from kushim_pipeline.collect.http.call import Answer, Asked, Known

UNCHANGED = 304
_NEXT = re.compile(r'<([^<>]*)>\s*;\s*rel="next"')
_LAST = re.compile(r'(?:,\s*)?<[^<>]*>\s*;\s*rel="last"')


def still_holds(known: Known, answer: Answer, asked: Asked, leads_away: Callable[[str], bool]) -> Answer | None:
    """The earlier answer, as if it had come now, where a 304 proves it; None where it has to be asked for outright.

    That is so where the 304 names another ETag, where the bytes can no longer be read, and where it is not known which
    page follows. In: what says whether a link leaves the base URL.
    """
    if _weak(answer.headers.get("etag", known.etag)) != _weak(known.etag):
        return None
    body = known.body()
    if body is None:
        return None
    link = answer.headers.get("link")
    if link is None:
        link = known.headers.get("link", "")
        if not _is_certain(link, body, asked, leads_away):
            return None
        link = _LAST.sub("", link).lstrip(", ")  # which page is the last one may have changed
    kind = known.headers.get("content-type", "application/json")
    headers = {**known.headers, **answer.headers, "etag": known.etag, "content-type": kind, "link": link}
    return Answer(200, headers if link else {name: headers[name] for name in headers if name != "link"}, body)


def _weak(etag: str) -> str:
    return etag.removeprefix("W/")


def _is_certain(link: str, body: bytes, asked: Asked, leads_away: Callable[[str], bool]) -> bool:
    """Whether an earlier page's links still say what follows it.

    Between the first and the last page they do: what follows is asked for, and shows whether it is there. The first one
    says how many there are, and may say otherwise by now; the last one may have got a next one.
    """
    if not link:
        return str(len(orjson.loads(body))) != asked.get("per_page")
    following = _NEXT.search(link)
    return following is not None and 'rel="prev"' in link and not leads_away(following[1])
