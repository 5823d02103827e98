# SPDX-License-Identifier: MIT
"""Faults of SNS as tests compare them."""
import pytest
from botocore.exceptions import ClientError


def refusal(call, **members):
    """Code, status and text of a fault."""
    with pytest.raises(ClientError) as caught:
        call(**members)
    answer = caught.value.response
    return (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"],
            answer["Error"]["Message"])


def invalid(text):
    return "InvalidParameter", 400, f"Invalid parameter: {text}"
