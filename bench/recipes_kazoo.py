#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The works of bench-recipes (recipes.c) by kazoo: recipes_kazoo.py HOSTS lock|handover|queue|locking PATH N"""
import sys
import threading
import time

from kazoo.client import KazooClient

CONTENDERS, ITEM, ITEMS_AT_ONCE = 50, bytes(100), 100
HOSTS, WORK, PATH, N = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])


def start_client():
    client = KazooClient(hosts=HOSTS, timeout=30)
    client.start()
    return client


def percentile_us(times, percent):
    return sorted(times)[(len(times) - 1) * percent // 100] * 1e6


def lock():
    client = start_client()
    recipe, took, bare = client.Lock(PATH), [], []
    with recipe:
        pass
    for i in range(N):
        begin = time.perf_counter()
        recipe.acquire()
        recipe.release()
        took.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        node = client.create(PATH + "/0123456789abcdef0123456789abcdef__lock__", ephemeral=True, sequence=True)
        client.get_children(PATH)
        client.delete(node)
        bare.append(time.perf_counter() - begin)
    p50, bare_p50 = percentile_us(took, 50), percentile_us(bare, 50)
    print("lock_us %.1f\nlock_p99_us %.1f\nbare_us %.1f\nlock_ratio %.3f" % (
        p50, percentile_us(took, 99), bare_p50, p50 / bare_p50))
    client.stop()


def handover():
    clients = [start_client() for _ in range(CONTENDERS)]
    clients[0].ensure_path(PATH)
    state = {"released": 0.0, "rounds": 0}
    took = []

    def contend(client):
        recipe, more = client.Lock(PATH), True
        while more:
            recipe.acquire()
            now = time.perf_counter()
            i = state["rounds"] - 2 * CONTENDERS
            more = i < N
            if i >= 0 and more:
                took.append(now - state["released"])
            state["rounds"] += 1
            state["released"] = time.perf_counter()
            recipe.release()

    begin = time.perf_counter()
    threads = [threading.Thread(target=contend, args=(client,)) for client in clients]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    seconds = time.perf_counter() - begin
    print("handover_us %.1f\nhandover_p99_us %.1f\nhandover_per_s %.0f" % (
        percentile_us(took, 50), percentile_us(took, 99), state["rounds"] / seconds))
    for client in clients:
        client.stop()


def print_rate(name, begin):
    print("%s %.0f" % (name, N / (time.perf_counter() - begin)))


def queue():
    client = start_client()
    recipe = client.Queue(PATH)
    begin = time.perf_counter()
    for _ in range(N):
        recipe.put(ITEM)
    print_rate("queue_put_per_s", begin)
    begin = time.perf_counter()
    for _ in range(N):
        assert recipe.get() == ITEM
    print_rate("queue_get_per_s", begin)
    client.stop()


def locking():
    client = start_client()
    recipe = client.LockingQueue(PATH)
    begin = time.perf_counter()
    for left in range(N, 0, -ITEMS_AT_ONCE):
        recipe.put_all([ITEM] * min(left, ITEMS_AT_ONCE))
    print_rate("locking_put_per_s", begin)
    begin = time.perf_counter()
    for _ in range(N):
        assert recipe.get() == ITEM and recipe.consume()
    print_rate("locking_get_per_s", begin)
    client.stop()


{"lock": lock, "handover": handover, "queue": queue, "locking": locking}[WORK]()
