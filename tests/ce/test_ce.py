# SPDX-License-Identifier: MIT
"""Cost Explorer: what the traffic of a server would cost on AWS."""
import contextlib
import datetime
import decimal
import json

import botocore.exceptions
import pytest

from ternd import eventually

DAY = datetime.timedelta(days=1)
SQS = "Amazon Simple Queue Service"


@contextlib.contextmanager
def refused(code, text):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code and text in error["Message"], error


def now_of(server):
    """The server's wall time."""
    date = server.get("/_tern/health").headers["Date"]
    return datetime.datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT")


class Bill:
    """A server with a clock of its own, and its costs."""

    def __init__(self, server):
        self.server = server
        self.ce = server.client("ce")

    def today(self):
        return now_of(self.server).replace(hour=0, minute=0, second=0)

    def ask(self, start, end, granularity="DAILY", **members):
        members.setdefault("Metrics", ["UnblendedCost", "UsageQuantity"])
        form = "%Y-%m-%dT%H:%M:%SZ" if granularity == "HOURLY" else "%Y-%m-%d"
        return self.ce.get_cost_and_usage(
            TimePeriod={"Start": start.strftime(form), "End": end.strftime(form)},
            Granularity=granularity, **members)["ResultsByTime"]

    def totals(self, **members):
        """Cost and usage by group, of the last 60 days and tomorrow."""
        found = {}
        for result in self.ask(self.today() - 60 * DAY, self.today() + DAY, **members):
            for group in result["Groups"]:
                key = tuple(group["Keys"]) if len(group["Keys"]) > 1 else group["Keys"][0]
                cost, usage = found.get(key, (0, 0))
                found[key] = (
                    cost + decimal.Decimal(group["Metrics"]["UnblendedCost"]["Amount"]),
                    usage + decimal.Decimal(group["Metrics"]["UsageQuantity"]["Amount"]))
        return found

    def usage(self, usage_type):
        by_type = self.totals(GroupBy=[{"Type": "DIMENSION", "Key": "USAGE_TYPE"}])
        return by_type.get(usage_type, (0, 0))[1]

    def settle(self, usage_type, count):
        """Moves the clock to the next minute until so much was collected."""
        self.server.advance(61)
        eventually(lambda: self.usage(usage_type) >= count, what=f"{count} of {usage_type}")


@pytest.fixture
def bill(private):
    return Bill(private("--test-clock"))


def test_requests_are_collected_by_operation_and_resource(bill):
    sqs = bill.server.client("sqs")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    fifo = sqs.create_queue(QueueName="o.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    for _ in range(5):
        sqs.send_message(QueueUrl=url, MessageBody="m")
    sqs.send_message(QueueUrl=url, MessageBody="m" * 200000)  # 4 chunks
    sqs.send_message(QueueUrl=fifo, MessageBody="m", MessageGroupId="g",
                     MessageDeduplicationId="d")
    sqs.get_queue_attributes(QueueUrl=fifo)
    bill.settle("Requests-RBP", 12)
    by = bill.totals(GroupBy=[{"Type": "DIMENSION", "Key": "USAGE_TYPE"},
                              {"Type": "DIMENSION", "Key": "OPERATION"}])
    assert by[("Requests-RBP", "SendMessage")][1] == 9
    assert by[("Requests-RBP", "CreateQueue")][1] == 2
    assert by[("Requests-FIFO-RBP", "SendMessage")][1] == 1
    assert by[("Requests-RBP", "GetQueueAttributes")][1] == 1
    today = bill.today().strftime("%Y-%m-%d")
    found = bill.ce.get_cost_and_usage_with_resources(
        TimePeriod={"Start": today, "End": (bill.today() + DAY).strftime("%Y-%m-%d")},
        Granularity="DAILY", Metrics=["UsageQuantity"],
        Filter={"Dimensions": {"Key": "OPERATION", "Values": ["SendMessage"]}},
        GroupBy=[{"Type": "DIMENSION", "Key": "RESOURCE_ID"}])["ResultsByTime"]
    amounts = {group["Keys"][0]: group["Metrics"]["UsageQuantity"]["Amount"]
               for result in found for group in result["Groups"]}
    assert amounts == {"arn:aws:sqs:us-east-1:000000000000:orders": "9",
                       "arn:aws:sqs:us-east-1:000000000000:o.fifo": "1"}


def test_a_month_of_traffic_costs_what_the_list_says(bill):
    """Keys, key pairs, events and log events over 40 days, calculated here once more."""
    server = bill.server
    kms, events, logs = (server.client(name) for name in ("kms", "events", "logs"))
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    first = now_of(server)
    pairs = chunks = 0
    for day in range(40):
        if day % 4 == 0:
            kms.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P256")
            pairs += 1
        small = {"Source": "shop", "DetailType": "t", "Detail": json.dumps({"d": day})}
        large = small | {"Detail": json.dumps({"d": "x" * 70000})}
        events.put_events(Entries=[small, small, large])
        chunks += 4
        bill.settle("Event-64K-Chunks", chunks)
        server.advance(86400 - 61)
    bill.settle("us-east-1-KMS-Requests-GenerateDatakeyPair-RSA", pairs)
    by = bill.totals(GroupBy=[{"Type": "DIMENSION", "Key": "USAGE_TYPE"}])
    assert by["Event-64K-Chunks"] == (decimal.Decimal(chunks) / 1000000, chunks)
    assert by["us-east-1-KMS-Requests-GenerateDatakeyPair-RSA"] == (
        decimal.Decimal(pairs * 12) / 10000, pairs)
    cost, hours = by["us-east-1-KMS-Keys"]
    assert 40 * 24 <= hours <= 40 * 24 + 2
    assert abs(cost - hours / 730) < decimal.Decimal("0.0000001")
    months = bill.ask(first.replace(day=1), now_of(server) + DAY, "MONTHLY")
    total = sum(decimal.Decimal(one["Total"]["UnblendedCost"]["Amount"]) for one in months)
    assert total == sum(cost for cost, _ in by.values())
    assert round(total, 2) == round(
        decimal.Decimal(chunks) / 1000000 + decimal.Decimal(pairs * 12) / 10000 + hours / 730, 2)
    assert [one["Estimated"] for one in months][-1] is True and months[0]["Estimated"] is False


def test_usage_survives_a_restart_and_a_kill_of_a_later_hour(bill):
    sqs = bill.server.client("sqs")
    for _ in range(7):
        sqs.list_queues()
    bill.settle("Requests-RBP", 7)
    bill.server.advance(3600)
    sqs.list_queues()
    bill.settle("Requests-RBP", 8)
    bill.server.kill()
    bill.server.start()
    bill.ce = bill.server.client("ce")
    assert bill.usage("Requests-RBP") in (7, 8)
    bill.server.client("sqs").list_queues()
    bill.server.restart()
    bill.ce = bill.server.client("ce")
    assert bill.usage("Requests-RBP") in (8, 9)


def test_what_is_kept_is_billed_once_an_hour_over_restarts(bill):
    bill.server.client("kms").create_key()
    bill.settle("us-east-1-KMS-Keys", 1)
    for _ in range(3):
        bill.server.restart()
        bill.ce = bill.server.client("ce")
        bill.settle("us-east-1-KMS-Keys", 1)
    assert bill.usage("us-east-1-KMS-Keys") <= 2  # the clock may reach the next hour


def test_accounts_see_their_own_costs(bill):
    bill.server.client("sqs").list_queues()
    bill.settle("Requests-RBP", 1)
    other = Bill(bill.server)
    other.ce = bill.server.client("ce", account="111122223333")
    assert other.usage("Requests-RBP") == 0


def test_the_filter_grammar(bill):
    sqs, sns = bill.server.client("sqs"), bill.server.client("sns")
    for _ in range(3):
        sqs.list_queues()
    for _ in range(2):
        sns.list_topics()
    bill.server.client("sqs", region="us-east-2").list_queues()
    bill.settle("Requests-Tier1", 2)

    def usage(**expression):
        result, = bill.ask(bill.today(), bill.today() + DAY, Filter=expression)
        return int(result["Total"]["UsageQuantity"]["Amount"])

    def dimension(key, *values, **more):
        return {"Dimensions": {"Key": key, "Values": list(values)} | more}

    assert usage(**dimension("SERVICE", SQS)) == 4
    assert usage(**dimension("SERVICE", SQS, "Amazon Simple Notification Service")) == 6
    assert usage(**dimension("SERVICE_CODE", "AWSQueueService")) == 4
    assert usage(**dimension("REGION", "us-east-2")) == 1
    assert usage(**dimension("USAGE_TYPE", "USE2-Requests-RBP")) == 1
    assert usage(Not=dimension("SERVICE", SQS)) == 2
    assert usage(And=[dimension("SERVICE", SQS), dimension("REGION", "us-east-1")]) == 3
    assert usage(Or=[dimension("OPERATION", "ListTopics"), dimension("REGION", "us-east-2")]) == 3
    assert usage(**dimension("SERVICE", SQS, MatchOptions=["EQUALS"])) == 4
    assert usage(Tags={"Key": "team", "MatchOptions": ["ABSENT"]}) == 6
    with refused("ValidationException", "exactly one root operator"):
        usage(**dimension("SERVICE", SQS), Not=dimension("SERVICE", SQS))
    with refused("ValidationException", "at least two"):
        usage(And=[dimension("SERVICE", SQS)])
    with refused("ValidationException", "not supported"):
        usage(**dimension("SERVICE", SQS, MatchOptions=["CONTAINS"]))
    values = bill.ce.get_dimension_values(
        TimePeriod={"Start": bill.today().strftime("%Y-%m-%d"),
                    "End": (bill.today() + DAY).strftime("%Y-%m-%d")}, Dimension="REGION")
    assert [one["Value"] for one in values["DimensionValues"]] == ["us-east-1", "us-east-2"]
    assert values["TotalSize"] == 2
    hours = bill.ask(bill.today(), bill.today() + DAY, "HOURLY")
    assert len(hours) == 24
    assert sum(int(one["Total"]["UsageQuantity"]["Amount"]) for one in hours) == 6


def test_wrong_requests_are_refused(server):
    bill = Bill(server)
    today = bill.today()
    with refused("ValidationException", "should be before end date"):
        bill.ask(today, today)
    with refused("ValidationException", "14 months"):
        bill.ask(today - 500 * DAY, today)
    with refused("ValidationException", "last 14 days"):
        bill.ask(today - 20 * DAY, today, "HOURLY")
    next_month = (today.replace(day=1) + 32 * DAY).replace(day=1)
    assert len(bill.ask(today, next_month)) == (next_month - today).days
    for granularity in "DAILY", "MONTHLY", "HOURLY":
        with refused("ValidationException", "end date past the beginning of next month"):
            bill.ask(today, next_month + DAY, granularity)
    with refused("ValidationException", "end date past the beginning of next month"):
        bill.ask(today, datetime.datetime(9999, 12, 31))
    with refused("ValidationException", "Metric Nonsense"):
        bill.ask(today - DAY, today, Metrics=["Nonsense"])
    with refused("ValidationException", "Dimension TENANCY"):
        bill.ask(today - DAY, today, GroupBy=[{"Type": "DIMENSION", "Key": "TENANCY"}])
    with refused("ValidationException", "Only 2 values"):
        bill.ask(today - DAY, today, GroupBy=[{"Type": "DIMENSION", "Key": "SERVICE"}] * 3)
    with refused("DataUnavailableException", "Insufficient"):
        server.client("ce", account="999999999999").get_cost_forecast(
            TimePeriod={"Start": today.strftime("%Y-%m-%d"),
                        "End": (today + 7 * DAY).strftime("%Y-%m-%d")},
            Metric="UNBLENDED_COST", Granularity="DAILY")


def test_a_forecast_continues_the_days_before(bill):
    kms = bill.server.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    for day in range(5):
        for _ in range(3):
            kms.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P256")
        bill.settle("us-east-1-KMS-Requests-GenerateDatakeyPair-RSA", 3 * (day + 1))
        bill.server.advance(86400 - 61)
    today = bill.today()
    forecast = bill.ce.get_cost_forecast(
        TimePeriod={"Start": today.strftime("%Y-%m-%d"),
                    "End": (today + 10 * DAY).strftime("%Y-%m-%d")},
        Metric="UNBLENDED_COST", Granularity="DAILY", PredictionIntervalLevel=90,
        Filter={"Dimensions": {"Key": "OPERATION", "Values": ["GenerateDataKeyPair"]}})
    days = forecast["ForecastResultsByTime"]
    assert len(days) == 10
    assert all(float(one["PredictionIntervalLowerBound"]) <= float(one["MeanValue"])
               <= float(one["PredictionIntervalUpperBound"]) for one in days)
    assert abs(float(forecast["Total"]["Amount"]) - 10 * 3 * 12 / 10000) < 0.01
