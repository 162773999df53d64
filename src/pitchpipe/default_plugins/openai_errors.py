"""What went wrong at a service: whether to try again, and how to say it."""

from __future__ import annotations

import email.utils
import itertools
import logging
import math
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from pitchpipe import stopping
from pitchpipe.redaction import redact

if TYPE_CHECKING:
    from openai import APIStatusError, OpenAIError

logger = logging.getLogger(__name__)
T = TypeVar("T")

LONGEST_BACKOFF = 30.0
"""Seconds that the doubling of waits stops at."""

LONGEST_RETRY_AFTER = 120.0
"""Seconds that a service may ask to wait for; above that the request is given up."""

OFFLINE_HINT = "'--trainer fake' needs neither key nor network."


def retrying(
    action: Callable[[], T],
    retries: int,
    first_wait: float,
    pause: Callable[[float], object] = stopping.pause,
) -> T:
    """The result of an action, tried again while its failures are passing ones.

    Args:
        action: what to do; it may be done in part when it fails.
        retries: how often to try again.
        first_wait: seconds before the first new try; they double, and a Retry-After is honoured.
        pause: waits so many seconds, or raises to give up.

    Raises:
        OpenAIError: the last failure.
    """
    from openai import OpenAIError

    for attempt in itertools.count():
        try:
            return action()
        except OpenAIError as error:
            wait = retry_wait(error, attempt, first_wait)
            if wait is None or attempt >= retries:
                raise
            logger.info("%s; trying again in %.1f s", _reason(error), wait)
            pause(wait)
    raise AssertionError("count() does not end")


def retry_wait(error: OpenAIError, attempt: int, first_wait: float) -> float | None:
    """Seconds to wait before trying again, None when trying again is of no use.

    Args:
        error: the failure.
        attempt: how often it was tried again already.
        first_wait: seconds to wait after the first failure.
    """
    from openai import APIConnectionError, APIStatusError

    wait = min(LONGEST_BACKOFF, first_wait * 2.0 ** min(attempt, 16)) * random.uniform(0.75, 1.0)
    if isinstance(error, APIConnectionError):
        return wait
    if not isinstance(error, APIStatusError) or error.code == "insufficient_quota":
        return None
    if error.status_code not in (408, 409, 429) and error.status_code < 500:
        return None
    if error.status_code == 507:  # RFC 4918, 11.5: no further try unless the user wants one
        return None
    asked = _retry_after(error)
    if asked > LONGEST_RETRY_AFTER:
        return None
    return max(wait, asked)


def explain(error: OpenAIError, url: str, key_variable: str, timeout: float) -> str:
    """An error in words that say what to do, without any part of a key.

    Args:
        error: what the client raised.
        url: the service's base URL.
        key_variable: the environment variable that holds the key.
        timeout: seconds the client waits for an answer.
    """
    from openai import APIConnectionError, APIStatusError, APITimeoutError

    if isinstance(error, APITimeoutError):
        return f"{url}: no answer within {timeout:g} s. Try again, or set a longer timeout."
    if isinstance(error, APIConnectionError):
        cause = redact(str(error.__cause__ or error))
        return f"{url}: cannot be reached ({cause}). Check base_url and the network; {OFFLINE_HINT}"
    if not isinstance(error, APIStatusError):
        return f"{url}: {redact(str(error))}"
    said = service_message(error)
    parameter = f" (parameter {error.param})" if error.param else ""
    match error.status_code:
        case 401:
            return (
                f"{url}: the key was refused (401). Set {key_variable} to a valid key; "
                f"{OFFLINE_HINT}"
            )
        case 429 if error.code == "insufficient_quota":
            return f"{url}: the quota is used up (429): {said} Check the plan and its billing."
        case 429:
            return f"{url}: too many requests (429), still so after waiting: {said}"
        case status if status >= 500:
            return f"{url}: the service failed ({status}): {said} Try again later."
        case status:
            return f"{url}: refused ({status}): {said}{parameter}"


def service_message(error: APIStatusError) -> str:
    """The service's own words, secrets taken out."""
    body = error.body
    message = body.get("message") if isinstance(body, dict) else None
    return redact(str(message or error.message)).strip()


def _reason(error: OpenAIError) -> str:
    from openai import APIStatusError

    if isinstance(error, APIStatusError):
        return f"{error.status_code}: {service_message(error)}"
    return redact(str(error))


def _retry_after(error: APIStatusError) -> float:
    # RFC 9110, 10.2.3: seconds or a date; retry-after-ms is what OpenAI and Azure send besides
    headers = error.response.headers
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        return seconds if 0 <= seconds < math.inf else 0.0
    try:
        date = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return 0.0
    return max(0.0, date.timestamp() - time.time())
