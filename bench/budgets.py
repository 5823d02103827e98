# SPDX-License-Identifier: MIT
"""Every budget in one table: the figure that it holds, its limit, and a title for the report.

A figure's own `better` says whether the limit is the most or the least. Ratios to nginx are to its
CPU for one `return 200` with 64 connections in the same round.
"""

MAIN = [
    ("send: x nginx", 1.3, "CPU of a durable SendMessage of 1 KB, signatures not verified"),
    ("send, 256 connections: x nginx", 1.15, "the same with 256 connections"),
    ("send, fresh segments: x nginx", 1.6, "the same on segments that were never written"),
    ("send, busy disk: x nginx", 1.6, "the same while others write and sync on the disk"),
    ("send, signed: x nginx", 1.7, "the same, signatures verified"),
    ("send, batch of 10: x nginx", 0.28, "CPU of a message in a batch of 10 x 1 KB"),
    ("cycle: x nginx", 3.2, "CPU of send, receive and delete of a message"),
    ("cycle, batch of 10: x nginx", 0.9, "the same in batches of 10, a message"),
    ("send at 50 %: p99 / commit", 3, "send p99 at half the maximum rate, in commits of the disk"),
    ("wake, fsync: p99", 2000, "send to long poll at p99, the sync included"),
    ("wake, memory: p99", 2000, "send to long poll at p99, without a sync"),
    ("start", 50, "empty start, until requests are served"),
    ("idle memory", 20, "resident memory, idle"),
    ("binary", 3, "stripped ternd"),
]

PEERS = [(f"{load}: x {server}", least, f"messages/s against {server}, {load}")
         for server, least in (("ElasticMQ", 10), ("GoAWS", 5))
         for load in ("send", "send, batch of 10", "cycle", "cycle, batch of 10")]

STEADY = [
    ("steady: x before", 1.05, "CPU a request while the backlog grows, to that without backlog"),
]

FANOUT = [
    ("publish, raw: 100 queues / 1", 2, "CPU of a publish to 100 queues, to that to one, raw"),
    ("publish, raw: a further queue", 0.3, "CPU of each further queue, raw"),
    ("publish, raw: log of a further queue", 24, "bytes of the log of each further queue, raw"),
]

DELIVERIES = [
    *((f"delivery, {count} endpoints / bare", 1.6, f"CPU of a delivery to one of {count:,} HTTP "
       "endpoints, to that of a bare epoll client") for count in (1, 100, 10000)),
    ("delivery, p99 while others hang / p99", 1.1, "p99 of deliveries while a tenth of the "
     "endpoints hang, to p99 without"),
]

MATCHING = [
    ("matching, 1000 rules / best rival", 1 / 4, "CPU to match an event, 1,000 rules, to the "
     "better of event-ruler and quamina"),
    ("matching, 10000 rules / best rival", 1 / 6, "the same with 10,000 rules"),
    ("matching, 100000 rules / best rival", 1 / 6, "the same with 100,000 rules"),
    ("matching, wildcards / exact", 3, "1,000 rules that begin with a wildcard, to 1,000 exact"),
    ("Tern, exact-1000: bytes", 300, "memory of a rule in a matcher; a bus has two"),
    ("Tern, exact-1000: add", 5, "CPU to add a rule"),
]
