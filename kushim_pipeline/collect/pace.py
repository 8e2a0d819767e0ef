"""How a reading goes about: its share of the vendor's budget, its patience, and whether it only tries the door."""

from dataclasses import dataclass, field

from kushim_pipeline.collect.http.limiter import SHARE, Book, NoBook
from kushim_pipeline.collect.http.patience import Clockwork, Patience
from kushim_pipeline.collect.http.tape import Tape
from kushim_pipeline.collect.http.wire import Limits


@dataclass(frozen=True)
class Pace:
    """`share`: of each budget, 0 to 1. `book`: where calls are counted between runs. `sample`: one page of each list
    and one resource of each fan-out, to see what can be read (`kushim connections test`). `as_of`: seconds since 1970
    from which windows are counted, the same for all streams of a run. `tape`: what answers instead of the
    vendor. The rest is for tests."""

    share: float = SHARE
    book: Book = field(default_factory=NoBook)
    sample: bool = False
    patience: Patience = field(default_factory=Patience)
    limits: Limits = field(default_factory=Limits)
    clockwork: Clockwork = field(default_factory=Clockwork)
    as_of: float | None = None
    tape: Tape | None = None

    def now(self) -> float:
        """The moment from which a reader counts its windows, in seconds since 1970: nothing else makes a reading ask
        for the same when it is done again."""
        return self.clockwork.now() if self.as_of is None else self.as_of
