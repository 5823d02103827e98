# SPDX-License-Identifier: MIT
"""Changes records of a stopped server's catalog, with the checksums that it keeps of its tables."""
import struct

import lmdb

TABLES = [b"meta", b"sqs-queues", b"sqs-tasks", b"iam", b"kms_keys", b"ec2-endpoints",
          b"sqs-drops"]
SUM = struct.Struct("<QQ")


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def record_hash(key, value):
    return crc32c(struct.pack("<I", len(key)) + key + value)


def varint_at(data, place):
    """The number at that place of a record, and where it ends."""
    value = shift = 0
    while True:
        value |= (data[place] & 127) << shift
        place, shift = place + 1, shift + 7
        if data[place - 1] < 128:
            return value, place


def varint(value):
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)


def add_to_number(record, number, more):
    """The record (src/wire/record.h) with `more` added to its member of that number."""
    place = 1
    while True:
        key, start = varint_at(record, place)
        value, end = varint_at(record, start)
        if key == number << 2:
            return record[:start] + varint(value + 2 * more) + record[end:]
        place = {0: end, 1: start + 8, 2: end + value}[key & 3]


class Catalog:
    """with Catalog(server) as catalog: catalog.put(b"kms_keys", key, catalog.get(...))"""

    def __init__(self, server):
        self.environment = lmdb.open(str(server.data / "catalog"), max_dbs=64)
        self.tables = {name: self.environment.open_db(name, create=False) for name in TABLES}

    def __enter__(self):
        self.transaction = self.environment.begin(write=True)
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.transaction.commit()
        else:
            self.transaction.abort()
        self.environment.close()

    def get(self, table, key):
        return self.transaction.get(key, db=self.tables[table])

    def put(self, table, key, value):
        place = TABLES.index(table)
        sums = [list(entry) for entry in SUM.iter_unpack(self.get(b"meta", b"sums"))]
        old = self.get(table, key)
        if old is not None:
            sums[place][0] -= 1
            sums[place][1] -= record_hash(key, old)
        sums[place][0] += 1
        sums[place][1] = (sums[place][1] + record_hash(key, value)) % 2**64
        self.transaction.put(key, value, db=self.tables[table])
        self.transaction.put(b"sums", b"".join(SUM.pack(*entry) for entry in sums),
                             db=self.tables[b"meta"])
