"""Headers of a rate limit, read in every dialect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from transport.rate_limit_headers import RateLimit, read_rate_limit

WALL = 1_790_000_000.0
DATE = "Mon, 21 Sep 2026 13:33:20 GMT"


def _read(**headers: str) -> RateLimit:
    return read_rate_limit(CaseInsensitiveDict({k.replace("_", "-"): v for k, v in headers.items()}), WALL)


@pytest.mark.parametrize(
    ("reset", "opens_in", "stamp", "grain"),
    [
        ("1790000030", 30, WALL + 30, 1),
        ("1790000030500", 30.5, WALL + 30.5, 1),
        ("832", 832, None, 60),
        ("0", 0, None, 60),
        ("2026-09-21T14:13:50Z", 30, WALL + 30, 1),
        ("2026-09-21T14:13:50.500+00:00", 30.5, WALL + 30.5, 1),
        ("2026-09-21T14:14Z", 40, WALL + 40, 60),
        ("2026-09-21T16:14+02:00", 40, WALL + 40, 60),
        ("2026-09-21T14:13:50", 30, WALL + 30, 1),
        ("soon", None, None, 60),
        ("", None, None, 60),
    ],
)
def test_the_end_of_a_window_is_read_in_every_dialect(reset, opens_in, stamp, grain):
    """Epoch seconds and milliseconds, seconds left, ISO time with and without seconds; else nothing."""
    rate_limit = _read(X_RateLimit_Limit="300", X_RateLimit_Remaining="7", X_RateLimit_Reset=reset)

    assert (rate_limit.limit, rate_limit.remaining) == (300, 7)
    assert (rate_limit.opens_in, rate_limit.stamp) == (opens_in, stamp)
    assert stamp is None or rate_limit.grain == grain


@pytest.mark.parametrize("prefix", ["X_Rate_Limit", "X_RateLimit", "RateLimit", "x_ratelimit"])
def test_every_spelling_of_the_names_is_read(prefix):
    """Okta's hyphens, everybody's camel case and the draft's bare name are one."""
    rate_limit = _read(**{f"{prefix}_Limit": "10", f"{prefix}_Remaining": "0", f"{prefix}_Reset": "5"})

    assert (rate_limit.limit, rate_limit.remaining, rate_limit.opens_in) == (10, 0, 5)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("30", 30),
        ("1.5", 1.5),
        ("0", None),
        ("-1", None),
        ("Mon, 21 Sep 2026 14:13:50 GMT", 30),
        ("Mon, 21 Sep 2026 14:13:00 GMT", None),
        ("later", None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date_and_nothing_when_past(retry_after, seconds):
    """A wait that is zero or over says nothing."""
    assert _read(Retry_After=retry_after).retry_in == seconds


def test_moments_are_taken_against_the_service_s_own_date():
    """With a Date header, a wrong clock of ours does not matter."""
    rate_limit = read_rate_limit(
        {"Date": "Mon, 21 Sep 2026 14:13:20 GMT", "X-Rate-Limit-Reset": "1790000030"}, WALL + 999
    )

    assert rate_limit.opens_in == 30


def test_a_bucket_that_refills_opens_after_its_interval():
    """Data Center states no reset, but how often tokens drop."""
    rate_limit = _read(
        X_RateLimit_Limit="60",
        X_RateLimit_Remaining="0",
        X_RateLimit_Interval_Seconds="5",
        X_RateLimit_FillRate="10",
    )

    assert (rate_limit.remaining, rate_limit.opens_in, rate_limit.stamp) == (0, 5, None)


@pytest.mark.parametrize(
    ("status", "headers", "refuses", "too_many_at_once"),
    [
        (429, {}, True, False),
        (503, {}, False, False),
        (503, {"Retry_After": "3"}, True, False),
        (200, {"Retry_After": "3"}, False, False),
        (429, {"X_Rate_Limit_Limit": "0", "X_Rate_Limit_Remaining": "0"}, True, True),
        (429, {"X_Rate_Limit_Limit": "600", "X_Rate_Limit_Remaining": "0"}, True, False),
    ],
)
def test_what_counts_as_too_soon_and_what_as_too_many(status, headers, refuses, too_many_at_once):
    """429 and a dated 503 refuse; a limit of 0 is about requests at the same time."""
    rate_limit = _read(**headers)

    assert rate_limit.refuses(status) is refuses
    assert (refuses and rate_limit.too_many_at_once) is too_many_at_once


@given(
    st.dictionaries(
        st.sampled_from(
            ["Date", "Retry-After", "X-Rate-Limit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]
        ),
        st.text() | st.integers().map(str) | st.floats().map(str) | st.datetimes().map(str),
    )
)
def test_no_header_breaks_the_reading(headers):
    """Nonsense says nothing; it never raises and never gives a wait that is no number."""
    rate_limit = read_rate_limit(headers, WALL)

    assert rate_limit.retry_in is None or 0 < rate_limit.retry_in < float("inf")
    assert rate_limit.remaining is None or rate_limit.remaining >= 0
    assert rate_limit.opens_in is None or abs(rate_limit.opens_in) < float("inf")
