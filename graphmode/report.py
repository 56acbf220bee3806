"""The page of a run, report.html: one file that needs nothing else. `python -m graphmode.report RUN` makes it again."""

import base64
import collections
import io
import itertools
import json
import math
import pathlib
import re
import sys

from PIL import Image

from graphmode import runs

_MOMENTS = 8  # grids of one kind that a page shows, spread over the run


def write(folder):
    """Writes report.html of a run from what lies in its folder; returns its path."""
    folder = runs.path(folder)
    stored = _json(folder / "config.json")
    if not stored:
        raise runs.InputError("{} holds no run: there is no config.json in it".format(folder))
    rows = runs.read_scalars(folder)
    warnings = folder / "warnings.txt"
    page = template("report.html").render(
        program=stored["program"], folder=folder.resolve().name, settings=stored["config"],
        steps=rows[-1]["step"] if rows else 0, curves=_curves(rows), metrics=_json(folder / "metrics.json"),
        figures=[(path.stem.replace("_", " "), _picture(path)) for path in sorted(folder.glob("figures/*.png"))],
        grids=_grids(folder), last={name: value for name, value in rows[-1].items() if value} if rows else {},
        warnings=warnings.read_text(encoding="utf-8").splitlines() if warnings.exists() else [])
    target = folder / "report.html"
    runs.write_whole(target, page)
    return target


def write_index(target, folders, title, text, figures=None):
    """One page that shows several runs: the newest grid and the numbers of each, with links to their reports.

    Args:
        target: the page; the runs' folders lie below its own.
        figures: PNG file -> (heading, caption), shown below the runs; the page holds copies of them.
    """
    shown = []
    for folder in map(pathlib.Path, folders):
        newest = {name: moments[-1][1] for name, moments in _grids(folder).items()}
        pictures = {path.stem.replace("_", " "): _picture(path) for path in sorted(folder.glob("figures/*.png"))}
        link = (folder / "report.html").resolve().relative_to(pathlib.Path(target).resolve().parent)
        shown.append((_json(folder / "config.json")["program"], link.as_posix(), {**newest, **pictures},
                      _json(folder / "metrics.json")))
    runs.write_whole(target, template("index.html").render(
        title=title, text=text, runs=shown,
        figures=[(*words, _picture(file)) for file, words in (figures or {}).items()]))


def write_metrics(folder, metrics):
    """Writes metrics.json (name -> number), prints it, and makes the run's page again with it."""
    runs.write_whole(runs.path(folder, "metrics.json"), json.dumps(metrics, indent=1) + "\n")
    for name, value in metrics.items():
        print("{:>44}  {}".format(name, "{:.5g}".format(value) if isinstance(value, float) else value))
    renew(folder)


def renew(folder):
    """Makes a run's page again, with what was put beside it, and says where it is; nothing in another folder."""
    if runs.holds_a_run(folder):
        print("report: {}".format(write(folder)))


def scatter(target, points, labels, title):
    """Saves [N, 2] points as a PNG, coloured by label 0..9."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(6.4, 5.4), layout="constrained", dpi=100)
    axes = figure.add_subplot(title=title)
    dots = axes.scatter(points[:, 0], points[:, 1], c=labels, cmap="tab10", s=3, vmin=-.5, vmax=9.5)
    figure.colorbar(dots, ticks=range(10))
    _save_figure(target, figure)


def plot(target, x, curves, x_name="step", marks=()):
    """Saves curves over a common axis as a PNG, one above the other; curves: name -> [N] values; marks: x of upright lines."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(6.4, 2.4 * len(curves)), layout="constrained", dpi=100)
    for axes, (name, values) in zip(figure.subplots(len(curves), sharex=True, squeeze=False)[:, 0], curves.items()):
        axes.plot(x, values, color="#1f6f8b", marker=".")
        for mark in marks:
            axes.axvline(mark, color="grey", linestyle=":")
        axes.set_title(name, fontsize=10)
        axes.grid(alpha=.25)
    axes.set_xlabel(x_name)
    _save_figure(target, figure)


def compare(target, curves, x_name, y_name):
    """Saves curves in one pair of axes as a PNG, x on a logarithmic scale.

    Args:
        curves: name -> [(x, y), ...]; one point is a dot, and a dotted line across the axes if its y is infinite.
    """
    from matplotlib.figure import Figure
    figure = Figure(figsize=(8.0, 5.0), layout="constrained", dpi=100)
    axes = figure.add_subplot(xlabel=x_name, ylabel=y_name, xscale="log")
    for (name, points), colour in zip(curves.items(), itertools.cycle("C%d" % n for n in range(10))):
        x, y = zip(*points)
        if math.isinf(y[0]):
            axes.axvline(x[0], color=colour, linestyle=":", label=name)
        else:
            axes.plot(x, y, color=colour, marker="o" if len(x) == 1 else ".", label=name)
    axes.grid(alpha=.25, which="both")
    axes.legend(fontsize=8)
    _save_figure(target, figure)


def png(figure):
    """The bytes of a PNG file of a matplotlib figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _save_figure(target, figure):
    runs.write_whole(target, png(figure))


def template(name, beside=__file__):
    """A page's jinja2 template from the folder of the file `beside`; its filter `number` shortens floats."""
    import jinja2  # here, so that --help does not wait for it
    loader = jinja2.FileSystemLoader(str(pathlib.Path(beside).parent))
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = lambda value: "{:.5g}".format(value) if isinstance(value, float) else value
    return environment.get_template(name)


def _json(file):
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def _picture(file):
    return "data:image/png;base64," + base64.b64encode(file.read_bytes()).decode()


def _grids(folder):
    """name -> [(step, data address, width to show it in), ...], oldest first, at most _MOMENTS spread over the run."""
    found = collections.defaultdict(list)
    for file in sorted(folder.glob("samples/*.png")):
        own = re.fullmatch(r"(.*)-(\d{8,})", file.stem)
        if own:
            found[own[1]].append((int(own[2]), file))
    chosen = {}
    for name, files in found.items():
        places = sorted({round(n * (len(files) - 1) / (_MOMENTS - 1)) for n in range(_MOMENTS)})
        with Image.open(files[-1][1]) as newest:
            width = newest.width if newest.width > 400 else 250  # wide ones as they are
        chosen[name] = [(files[place][0], _picture(files[place][1]), width) for place in places]
    return chosen


def _curves(rows):
    """name -> SVG of each scalar over the steps."""
    if not rows:
        return {}
    from matplotlib.figure import Figure  # no pyplot: no global state, no display
    curves = {}
    for name in [column for column in rows[0] if column not in ("step", "phase")]:
        points = [(int(row["step"]), float(row[name])) for row in rows if row[name]]
        if not points:
            continue
        figure = Figure(figsize=(4.6, 2.6), layout="constrained")
        axes = figure.add_subplot()
        axes.plot(*zip(*points), color="#1f6f8b", linewidth=1.2, marker="." if len(points) < 12 else "")
        axes.set_xlabel("step")
        axes.grid(alpha=.25)
        axes.spines[["top", "right"]].set_visible(False)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
        svg = text.getvalue()
        curves[name] = "data:image/svg+xml;base64," + base64.b64encode(svg[svg.index("<svg"):].encode()).decode()
    return curves


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("graphmode.report: which run? give its folder")
    try:
        for name in sys.argv[1:]:
            print(write(name))
    except runs.InputError as error:
        sys.stderr.write("graphmode.report: {}\n".format(error))
        sys.exit(2)
