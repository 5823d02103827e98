# SPDX-License-Identifier: MIT
"""Sends, receives and acknowledges messages at a broker that is not SQS, through its own client.

    orientation.py BROKER PORT COUNT BODY_SIZE [QUEUES]

With QUEUES, COUNT messages are published to as many queues (RabbitMQ: bound to a topic exchange;
NATS: consumers of one stream), and nothing is received. Otherwise COUNT messages are sent, up to 64
unconfirmed at a time as far as the client can do that; then all are received and acknowledged. Each
part prints {"seconds": ...} and then waits for a line on standard input, so that whoever started it
can look at the CPU time of the server.
"""
import asyncio
import json
import sys
import threading
import time

WINDOW = 64
QUIET_S = 10


def in_threads(run):
    """Runs it in eight threads, with their numbers."""
    def run_all():
        threads = [threading.Thread(target=run, args=(index,)) for index in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return run_all


def rabbitmq(port, count, body):
    import pika  # only this broker's client is needed

    parameters = pika.ConnectionParameters("127.0.0.1", port)

    def share(index):
        return count // 8 + (index < count % 8)

    def send(index):
        # A blocking channel confirms one by one: eight threads keep eight on their way.
        with pika.BlockingConnection(parameters) as connection:
            channel = connection.channel()
            channel.queue_declare("bench", durable=True)
            channel.confirm_delivery()
            for _ in range(share(index)):
                channel.basic_publish("", "bench", body, pika.BasicProperties(delivery_mode=2))

    def receive():
        with pika.BlockingConnection(parameters) as connection:
            channel = connection.channel()
            channel.basic_qos(prefetch_count=WINDOW)
            left = count
            for method, _, _ in channel.consume("bench", inactivity_timeout=QUIET_S):
                if not method:
                    raise TimeoutError(f"{left} messages did not come back")
                channel.basic_ack(method.delivery_tag)
                left -= 1
                if left == 0:
                    break
            channel.cancel()

    return in_threads(send), receive


def nats(port, count, body):
    import nats as client

    async def send():
        connection = await client.connect(f"nats://127.0.0.1:{port}")
        stream = connection.jetstream()
        await stream.add_stream(name="bench", subjects=["bench"])
        window = asyncio.Semaphore(WINDOW)

        async def one():
            async with window:
                await stream.publish("bench", body)

        await asyncio.gather(*(one() for _ in range(count)))
        await connection.close()

    async def receive():
        connection = await client.connect(f"nats://127.0.0.1:{port}")
        subscription = await connection.jetstream().pull_subscribe("bench", "bench")
        left = count
        while left > 0:
            messages = await subscription.fetch(min(WINDOW, left), timeout=5)
            for message in messages:
                await message.ack()
            left -= len(messages)
        await connection.close()

    return lambda: asyncio.run(send()), lambda: asyncio.run(receive())


def redis(port, count, body):
    import redis as client

    connection = client.Redis(port=port)

    def send():
        # One pipeline is one write and one sync at the server, as 64 connections would be.
        for begin in range(0, count, WINDOW):
            pipeline = connection.pipeline(transaction=False)
            for _ in range(min(WINDOW, count - begin)):
                pipeline.xadd("bench", {"body": body})
            pipeline.execute()

    def receive():
        connection.xgroup_create("bench", "bench", "0")
        left = count
        while left > 0:
            entries = connection.xreadgroup("bench", "one", {"bench": ">"}, count=WINDOW)[0][1]
            pipeline = connection.pipeline(transaction=False)
            for number, _ in entries:
                pipeline.xack("bench", "bench", number)
                pipeline.xdel("bench", number)
            pipeline.execute()
            left -= len(entries)

    return send, receive


def beanstalkd(port, count, body):
    import greenstalk

    def each(work):
        def run(index):
            with greenstalk.Client(("127.0.0.1", port)) as client:
                for _ in range(count // 8 + (index < count % 8)):
                    work(client)

        return in_threads(run)

    return (each(lambda client: client.put(body)),
            each(lambda client: client.delete(client.reserve())))


BROKERS = {"RabbitMQ": rabbitmq, "NATS JetStream": nats, "Redis streams": redis,
           "beanstalkd": beanstalkd}


def rabbitmq_fanout(port, count, body, queues):
    import pika

    parameters = pika.ConnectionParameters("127.0.0.1", port)
    exchange = f"bench{queues}"
    with pika.BlockingConnection(parameters) as connection:
        channel = connection.channel()
        channel.exchange_declare(exchange, "topic", durable=True)
        for number in range(queues):
            name = f"{exchange}-{number}"
            channel.queue_declare(name, durable=True)
            channel.queue_bind(name, exchange, "bench.#")

    def send(index):
        with pika.BlockingConnection(parameters) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            for _ in range(count // 8 + (index < count % 8)):
                channel.basic_publish(exchange, "bench.one", body,
                                      pika.BasicProperties(delivery_mode=2))

    return in_threads(send)


def nats_fanout(port, count, body, queues):
    import nats as client

    name = f"bench{queues}"

    async def prepare():
        connection = await client.connect(f"nats://127.0.0.1:{port}")
        stream = connection.jetstream()
        await stream.add_stream(name=name, subjects=[name])
        for number in range(queues):
            await stream.add_consumer(name, durable_name=f"consumer{number}",
                                      ack_policy=client.js.api.AckPolicy.EXPLICIT)
        await connection.close()

    async def send():
        connection = await client.connect(f"nats://127.0.0.1:{port}")
        stream = connection.jetstream()
        window = asyncio.Semaphore(WINDOW)

        async def one():
            async with window:
                await stream.publish(name, body)

        await asyncio.gather(*(one() for _ in range(count)))
        await connection.close()

    asyncio.run(prepare())
    return lambda: asyncio.run(send())


FANOUTS = {"RabbitMQ": rabbitmq_fanout, "NATS JetStream": nats_fanout}


def timed(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main():
    broker, port, count, size, *queues = sys.argv[1], *map(int, sys.argv[2:])
    body = b"x" * size
    works = ([FANOUTS[broker](port, count, body, *queues)] if queues else
             BROKERS[broker](port, count, body))
    if queues:
        # What it took to make the queues is not counted.
        print("{}", flush=True)
        sys.stdin.readline()
    for work in works:
        print(json.dumps({"seconds": timed(work)}), flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    main()
