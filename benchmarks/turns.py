"""Several implementations take turns, each in a process of its own."""

import concurrent.futures
import importlib
import multiprocessing
import resource
import time


def _work(module, arguments, orders, results):
    """Process body: for each order, a number of steps, answers with the seconds one of them took; at the end with MB."""
    step = importlib.import_module("benchmarks." + module).stepper(*arguments)
    done = 0
    while count := orders.recv():
        began = time.perf_counter()
        for _ in range(count):
            step(done)
            done += 1
        results.send((time.perf_counter() - began) / count)
    results.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def compare(sides, rounds, steps):
    """Times sides against one another, so that a slow moment of the machine meets all of them.

    Args:
        sides: label -> (module of this package, arguments of its `stepper`).

    Returns:
        label -> {"seconds": [of a step, one number from each round], "MB": the process's largest memory}.
    """
    spawn = multiprocessing.get_context("spawn")
    workers, found = {}, {}
    for label, (module, arguments) in sides.items():
        (orders_out, orders_in), (results_out, results_in) = spawn.Pipe(False), spawn.Pipe(False)
        process = spawn.Process(target=_work, args=(module, arguments, orders_out, results_in), daemon=True)
        process.start()
        orders_out.close()  # so that a worker that dies is an error here, not silence
        results_in.close()
        workers[label], found[label] = (orders_in, results_out, process), {"seconds": []}
    for turn in range(rounds + 1):
        for label, (orders, results, _) in workers.items():
            orders.send(steps)
            seconds = results.recv()
            if turn:  # the first round warms up
                found[label]["seconds"].append(seconds)
    for label, (orders, results, process) in workers.items():
        orders.send(0)
        found[label]["MB"] = results.recv()
        process.join()
    return found


def alone(module, function, *arguments):
    """What a function of this package returns in a process of its own."""
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_call, module, function, arguments).result()


def _call(module, function, arguments):
    return getattr(importlib.import_module("benchmarks." + module), function)(*arguments)
