"""Several implementations take turns, each in its own process."""

import concurrent.futures
import importlib
import multiprocessing
import resource
import time


def _work(module, arguments, orders, results):
    """The body of a process.

    For each order, a number of steps, it answers with the seconds of one step. After the order 0 it
    answers with its largest memory in MB and ends.
    """
    step = importlib.import_module("benchmarks." + module).stepper(*arguments)
    done = 0
    while count := orders.recv():
        start = time.perf_counter()
        for _ in range(count):
            step(done)
            done += 1
        results.send((time.perf_counter() - start) / count)
    results.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def compare(sides, rounds, steps):
    """Times several sides in turn. So a slow moment of the machine affects all of them.

    Args:
        sides: label -> (module of this package, arguments of its `stepper`).
        rounds: number of turns of each side, after one that is not counted.
        steps: number of steps in a turn.

    Returns:
        label -> {"seconds": [seconds of a step in each round], "MB": the process's peak memory}.
    """
    spawn = multiprocessing.get_context("spawn")
    workers, results = {}, {}
    for label, (module, arguments) in sides.items():
        (orders_out, orders_in), (results_out, results_in) = spawn.Pipe(False), spawn.Pipe(False)
        process = spawn.Process(
            target=_work, args=(module, arguments, orders_out, results_in), daemon=True
        )
        process.start()
        # Closed here, so that recv() raises an error if the worker dies.
        orders_out.close()
        results_in.close()
        workers[label], results[label] = (orders_in, results_out, process), {"seconds": []}
    for turn in range(rounds + 1):
        for label, (orders, answers, _) in workers.items():
            orders.send(steps)
            seconds = answers.recv()
            if turn:  # the first round warms up
                results[label]["seconds"].append(seconds)
    for label, (orders, answers, process) in workers.items():
        orders.send(0)
        results[label]["MB"] = answers.recv()
        process.join()
    return results


def alone(module, function, *arguments):
    """The result of a function of this package, called in its own process."""
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_call, module, function, arguments).result()


def _call(module, function, arguments):
    return getattr(importlib.import_module("benchmarks." + module), function)(*arguments)
