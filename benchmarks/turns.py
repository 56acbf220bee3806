"""Two implementations take turns, each in a process of its own."""

import importlib
import multiprocessing
import time


def _work(side, name, batch_size, orders, results):
    """Process body: for each order, a number of steps, answers with the seconds one of them took."""
    step = importlib.import_module("benchmarks." + side).stepper(name, batch_size)
    done = 0
    while count := orders.recv():
        began = time.perf_counter()
        for _ in range(count):
            step(done)
            done += 1
        results.send((time.perf_counter() - began) / count)


def compare(name, batch_size, rounds, steps):
    """Returns {"ours": [seconds per step, ...], "theirs": [...]}, a number from each round, taken in turn."""
    spawn = multiprocessing.get_context("spawn")
    workers, times = {}, {"ours": [], "theirs": []}
    for side in times:
        (orders_out, orders_in), (results_out, results_in) = spawn.Pipe(False), spawn.Pipe(False)
        process = spawn.Process(target=_work, args=(side, name, batch_size, orders_out, results_in), daemon=True)
        process.start()
        orders_out.close()  # so that a worker that dies is an error here, not silence
        results_in.close()
        workers[side] = orders_in, results_out, process
    for turn in range(rounds + 1):
        for side, (orders, results, _) in workers.items():
            orders.send(steps)
            seconds = results.recv()
            if turn:  # the first round warms up
                times[side].append(seconds)
    for orders, _, process in workers.values():
        orders.send(0)
        process.join()
    return times
