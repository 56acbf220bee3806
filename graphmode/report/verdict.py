"""Whether a run went well: green, amber or red, with the reasons, from its curves and metrics.

The rules know no model. They know names that programs share: metrics as `quantities` reads them,
and these scalars: loss, mse, generation_loss, gen_loss_L1 (errors of reconstructions); diversity,
averages_gap and the losses of two networks that fight, which gan_book/tips.py explains.
"""

# graphmode.training, which contents needs, imports these modules: names are resolved later.
from __future__ import annotations

import math
from typing import Callable, List, NamedTuple, Optional, Sequence

from graphmode.report import contents, quantities

GOOD, FAIR, BAD = LEVELS = ("good", "fair", "bad")
FEW = 200  # steps: with fewer no network of this project has learned anything
SOON = 1000  # steps: before, a GAN's samples may still be alike
LAST = 3  # rows of scalars.csv, at least, that are compared with as many before them
ERRORS = ("loss", "mse", "gen_loss_L1")  # the first that a run has says whether it still learns
STILL = "Still learning"
MEASURED = ("Better", "Close", "Readable", "Accuracy")  # findings that speak of quality
PLAIN, CLOSE = 12.5, 15.0  # dB; a mean image has no more than the first


class Finding(NamedTuple):
    """A reason; level: of `LEVELS`; title: a few words; text: sentences."""

    level: str
    title: str
    text: str


def judge(run: contents.Contents) -> List[Finding]:
    """The findings about a run, the most serious first. The first one is the verdict."""
    diverged = not_finite(run)
    if diverged:
        return [diverged]  # nothing else counts
    findings = [finding for finding in (rule(run) for rule in RULES) if finding]
    if any(finding.level == GOOD and finding.title in MEASURED for finding in findings):
        findings = [_replaced(finding) for finding in findings]  # good, and better with more steps
    elif FEW <= run.steps < SOON and all(finding.level == GOOD for finding in findings):
        text = f"{run.steps} steps are few, and no metric says how good the images are."
        findings.append(Finding(FAIR, "Too early to say", text))
    order = sorted(findings, key=lambda finding: -LEVELS.index(finding.level))
    if all(finding.level == GOOD for finding in findings):
        text = " ".join(finding.text for finding in findings)
        return [Finding(GOOD, "Went well", text or "The curves show nothing that is wrong.")]
    return [finding for finding in order if finding.level != GOOD]


def _replaced(finding):
    return finding._replace(level=GOOD) if finding.title == STILL else finding


def end(run: contents.Contents, name: str) -> Optional[float]:
    """A scalar in its last row, which is a mean over --summary_freq steps; None without one."""
    points = run.curve(name)
    return points[-1][1] if points else None


def not_finite(run):
    for line in run.warnings:
        if "is not finite at step" in line or " is nan at step" in line or "inf at step" in line:
            cure = "Start again with a smaller --lr."
            return Finding(BAD, "Diverged", f"Training ended because {line}. {cure}")


def too_short(run):
    if 0 < run.steps < FEW:
        text = f"{run.steps} steps are too few for any network to learn. Train longer."
        return Finding(BAD, "Undertrained", text)
    if not run.steps:
        return Finding(BAD, "Undertrained", "No step of the training is recorded.")


def not_finished(run):
    wanted = run.origin.get("steps")
    if isinstance(wanted, int) and FEW <= run.steps < wanted:
        level = BAD if run.steps < wanted / 4 else FAIR
        text = f"Training stopped at step {run.steps:,} of {wanted:,}. --resume continues it."
        return Finding(level, "Not finished", text)


def compared(run):
    """The run's method against the best of the methods that learn nothing."""
    worse, better, mean_wins = [], [], False
    for quantity, values in quantities.by_method(run.metrics).items():
        word = quantities.better(quantity)
        (own, value), *others = values.items()
        others = [(name, other) for name, other in others if not quantities.is_reference(name)]
        if not word or not others or quantities.is_reference(own):
            continue
        top, sign = best_of(others, word), 1 if word == "lower" else -1
        against = f"{quantity} {value:.3g}, {top[0]} {top[1]:.3g}"
        (worse if sign * value > sign * top[1] else better).append(against)
        mean = [other for name, other in others if name.startswith("mean")]
        mean_wins |= any(sign * value > sign * other for other in mean)
    if not worse and not better:
        return None
    if not worse:
        text = f"It is better than methods that learn nothing: {better[0]}."
        return Finding(GOOD, "Better", text)
    if len(better) >= len(worse):
        text = (
            f"It is better than methods that learn nothing in {better[0]}, but not in {worse[0]}."
        )
        return Finding(FAIR, "Mixed", text)
    what = "a mean image or color" if mean_wins else "a method that learns nothing"
    text, usual = f"The results are worse than those of {what}: {worse[0]}.", usual_steps(run)
    if usual > 2 * run.steps:
        text += f" The run has {run.steps:,} steps, {usual:,} are usual."
        return Finding(BAD, "Undertrained", text)
    return Finding(BAD, "Worse than the baseline", text)


def usual_steps(run: contents.Contents) -> int:
    """The steps of a run with the default --max_steps, or those of this run; 0 if unknown."""
    changed = (run.origin.get("changed") or {}).get("max_steps") or [0, 0]
    known = [number for number in (run.origin.get("steps"), *changed) if isinstance(number, int)]
    return max([0, *known])


def best_of(others, word):
    pick = min if word == "lower" else max
    return pick(others, key=lambda pair: pair[1])


def plain(run):
    value = run.metrics.get("test PSNR (dB)")
    if quantities.is_number(value) and value < PLAIN:
        text = f"A test PSNR of {value:.1f} dB is what one mean image has for all inputs."
        return Finding(BAD, "Has not learned", text)
    if quantities.is_number(value):
        text = f"Test images are reconstructed with {value:.1f} dB."
        return Finding(GOOD, "Close", text) if value > CLOSE else Finding(FAIR, "Rough", text)


def latent(run):
    active, size = run.metrics.get("active units"), run.metrics.get("latent size")
    if active == 0:
        text = "No latent unit depends on the image, so all samples look the same."
        return Finding(BAD, "Posterior collapse", text)
    if active and size:
        return Finding(GOOD, "Active", f"{active} of {size} latent units depend on the image.")


def collapsed(run):
    value = run.metrics.get("samples: diversity", end(run, "diversity"))
    if value is None:
        return None
    amount = f"The samples vary {value:.2g} times as much as real images"
    if value < 0.3:
        before = [number for _, number in run.curve("diversity")[:-1]]
        rises = bool(before) and value > max(before) and run.steps < SOON
        return Finding(BAD, *_alike(amount, rises))
    if value > 3:
        return Finding(FAIR, "Noisy samples", f"{amount}: they may be noise.")
    return Finding(GOOD, "Varied", f"{amount}.")


def _alike(amount, rises):
    if rises:
        return "Undertrained", f"{amount}, and this still rises. Train longer."
    return "Collapsed", f"{amount}: all are nearly the same. Try a smaller --lr or another --seed."


def one_network_wins(run):
    loss, own = end(run, "discriminator_loss"), end(run, "generator_loss")
    smoothing = run.settings.get("label_smoothing") or 0.0
    least = sum(-p * math.log(p) for p in (smoothing, 1 - smoothing) if p)
    if loss is not None and own is not None and loss < least + 0.1 and own > 4:
        text = (
            f"Its loss is {loss:.2g}, that of the generator {own:.3g}, which learns nothing then."
        )
        return Finding(BAD, "Discriminator wins", text)
    rates = [end(run, name) for name in ("real_accuracy", "fake_accuracy")]
    if None not in rates and min(rates) > 0.99:
        text = "It tells nearly all images and completions apart, so the fight is over."
        return Finding(FAIR, "Discriminator wins", text)


def wrong_label(run):
    """The generator's loss for the label "real" cannot be small where D's loss on it is small.

    For a mean loss f of D on generated images, -log(1 - exp(-f)) is a lower bound (Jensen). And
    for D's own label both losses are the same number wherever they are fetched together.
    """
    pairs = [(row.get("fake_loss"), row.get("adversarial_loss")) for row in run.rows]
    if any(f and g and abs(f - g) <= 1e-5 * f for f, g in pairs):
        text = "adversarial_loss equals fake_loss, so the generator helps the discriminator."
        return Finding(BAD, "Wrong label", text)
    for of_d, of_g in (("fake_loss", "adversarial_loss"), ("discrim_loss", "gen_loss_GAN")):
        f, g = end(run, of_d), end(run, of_g)
        if f and g is not None and g < 0.8 * -math.log(max(1e-12, -math.expm1(-f))):
            text = f"{of_g} is {g:.2g} while {of_d} is {f:.2g}: the generator helps the other."
            return Finding(BAD, "Wrong label", text)


def averages(run):
    gap = end(run, "averages_gap")
    if gap is not None and gap > 0.5 and run.steps >= FEW:
        text = (
            "The moving averages of the batch norms do not follow the batches, so samples differ "
            "from those in training. The update ops must run with the training step."
        )
        return Finding(BAD, "Stale moving averages", text)


def differs_from_training(run):
    """Batch norms whose averages are wrong, or overfitting: the test error is far higher."""
    error, psnr = end(run, "mse"), run.metrics.get("hole PSNR, completion")
    if error and quantities.is_number(psnr):
        ratio = 4 * 10 ** (-psnr / 10) / error  # the images of training have the range [-1, 1]
        if ratio > 2:
            text = (
                f"The squared error of test images is {ratio:.2g} times that of training. The "
                "moving averages of the batch norms may be wrong, or there are too few images."
            )
            return Finding(BAD, "Works in training only", text)


def samples(run):
    covered = run.metrics.get("samples: digits covered")
    real = run.metrics.get("real test digits: digits covered")
    sure = run.metrics.get("samples: classified with p over 0.9")
    if not all(map(quantities.is_number, (covered, real, sure))):
        return None
    text = f"{covered} of {real} classes are among the samples; a classifier is sure of {sure:.0%}."
    if covered <= real / 2 or sure < 0.2:
        return Finding(BAD, "Classes are missing" if sure >= 0.2 else "Not readable", text)
    if covered < real or sure < 0.5:
        title = "Classes are missing" if covered < real else "Often not readable"
        return Finding(FAIR, title, text)
    return Finding(GOOD, "Readable", text)


def not_evaluated(run):
    if not run.metrics and run.steps >= SOON:
        text = "How good the images are, the losses do not say: --mode evaluate measures it."
        return Finding(GOOD, "Not evaluated", text)


def accuracy(run):
    value = run.metrics.get("test accuracy")
    if quantities.is_number(value):
        level = GOOD if value > 0.6 else FAIR if value > 0.2 else BAD
        return Finding(level, "Accuracy", f"{value:.1%} of the test images are classified rightly.")


def learning(run):
    """Whether the error of reconstructions has fallen, and still falls at the end."""
    name = next((name for name in ERRORS if run.curve(name)), None)
    values = [value for _, value in run.curve(name)] if name else []
    if len(values) < 2 * LAST or any(name in run.scalars for name in ("class_loss",)):
        return None
    fifth = max(LAST, len(values) // 5)
    late, before = values[-fifth:], values[-2 * fifth : -fifth]
    now, then = sum(late) / len(late), sum(before) / len(before)
    if now > 1.5 * min(values) and now - min(values) > 0.02 * abs(values[0]):
        text = f"{name} has risen again, from {min(values):.3g} to {now:.3g}. Try a smaller --lr."
        return Finding(BAD, "Diverges", text)
    if now < 0.95 * then:
        text = f"{name} was still falling when training ended ({then:.3g}, then {now:.3g})."
        return Finding(FAIR, STILL, text)
    if max(values) - min(values) < 0.03 * abs(max(values)):
        text = (
            f"{name} has hardly changed since the first row ({values[0]:.3g}, at last {now:.3g})."
        )
        return Finding(FAIR, "Flat", text)


def alarms(run):
    """Alarms that rang in the training, and other warnings, for example about skipped files."""
    rang = [line for line in run.warnings if line.startswith("step ")]
    if rang:
        return Finding(FAIR, "An alarm rang", "; ".join(rang[:3]) + ".")


# In the order in which findings of one level are told.
RULES: Sequence[Callable[[contents.Contents], Optional[Finding]]] = (
    too_short,
    averages,
    differs_from_training,
    wrong_label,
    one_network_wins,
    collapsed,
    latent,
    compared,
    plain,
    samples,
    learning,
    not_finished,
    not_evaluated,
    accuracy,
    alarms,
)
