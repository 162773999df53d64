from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from pitchpipe.prepare.output import Written, leave


def test_lines_that_threads_leave_at_the_same_time_are_where_they_say(tmp_path: Path) -> None:
    threads = 8
    together = Barrier(threads, timeout=60)

    def work(number: int) -> list[tuple[bytes, bytes | Written]]:
        together.wait()
        texts = [b"%d %d\n" % (number, n) * 50 for n in range(100)]
        return [(text, leave(text, tmp_path, "records")) for text in texts]

    with ThreadPoolExecutor(threads) as pool:
        left = [pair for pairs in pool.map(work, range(threads)) for pair in pairs]
    for text, place in left:
        assert isinstance(place, Written)
        with place.path.open("rb") as stream:
            stream.seek(place.offset)
            assert stream.read(place.length) == text


def test_where_nothing_is_shared_lines_are_handed_over(tmp_path: Path) -> None:
    assert leave(b"a\n", None, "records") == b"a\n"
    assert leave(b"", tmp_path, "records") == b""
    assert not list(tmp_path.iterdir())
