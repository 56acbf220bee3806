"""The page of pix2pix.serve in a real browser: the machine's chromium, driven by Playwright."""

import contextlib
import threading

import pytest
from PIL import Image

from data.drawn import facades
from graphmode import doctor
from pix2pix import palette
from pix2pix.serve import application, connections, decoding

pytestmark = pytest.mark.browser


def swapped(image):
    """In place of a network: red and blue exchanged."""
    return image[..., ::-1]


@contextlib.contextmanager
def served(drawing):
    """The page's address."""
    decoders = decoding.Decoders()
    app = application.create(swapped, decoders.decode, drawing=drawing)
    server, port = connections.listen(app, "127.0.0.1", 0)
    threading.Thread(target=server.run, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.close()
        decoders.close()


@pytest.fixture(scope="module")
def address():
    with served(palette.FACADES) as address:
        yield address


@pytest.fixture(scope="module")
def browser(browser_path):
    playwright = doctor.library("playwright.sync_api", "playwright")
    with playwright.sync_playwright() as started:
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = started.chromium.launch(executable_path=browser_path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def page(address, browser):
    page = browser.new_page()
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Policy" in said.text else None)
    page.goto(address)
    translated(page)
    yield page
    page.close()
    assert not faults


def translated(page, before=""):
    """Waits for a translation other than `before`. Returns its address."""
    page.wait_for_function(
        "before => translation.src && translation.src !== before"
        " && translation.complete && translation.naturalWidth",
        arg=before,
    )
    return page.get_attribute("#translation", "src")


def color(page, selector, x, y):
    """A pixel of the drawing or of the translation: [R, G, B]."""
    script = """([selector, x, y]) => {
        const sheet = new OffscreenCanvas(256, 256).getContext("2d");
        sheet.drawImage(document.querySelector(selector), 0, 0);
        return Array.from(sheet.getImageData(x, y, 1, 1).data.slice(0, 3));
    }"""
    return page.evaluate(script, [selector, x, y])


def drag(page, *places):
    """Moves the mouse over the drawing, from place to place, with its button down."""
    box = page.locator("#drawing").bounding_box()
    on_page = [
        (box["x"] + x * box["width"] / 256, box["y"] + y * box["height"] / 256) for x, y in places
    ]
    page.mouse.move(*on_page[0])
    page.mouse.down()
    for place in on_page[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def choose(page, label, tool="rectangle"):
    page.check(f"input[value='#{bytes(facades.LABELS[label]).hex()}']")
    page.check(f"input[value={tool}]")


def draw(page, label, *places, tool="rectangle"):
    before = page.get_attribute("#translation", "src")
    choose(page, label, tool)
    drag(page, *places)
    translated(page, before)


def test_each_label_shows_its_color(page):
    shown = page.locator("#colors span").evaluate_all(
        "spans => spans.map(span => getComputedStyle(span).backgroundColor)"
    )
    assert shown == [f"rgb{tuple(color)}" for color in facades.LABELS.values()]


def test_what_is_drawn_is_translated_and_undone(page):
    before = color(page, "#drawing", 200, 100)
    draw(page, "balcony", (180, 80), (220, 120))
    assert color(page, "#drawing", 200, 100) == list(facades.LABELS["balcony"])
    assert color(page, "#translation", 200, 100) == list(facades.LABELS["balcony"])[::-1]
    made = page.get_attribute("#translation", "src")
    page.click("#undo")
    translated(page, made)
    assert color(page, "#drawing", 200, 100) == before
    made = page.get_attribute("#translation", "src")
    page.keyboard.press("Control+y")
    translated(page, made)
    assert color(page, "#drawing", 200, 100) == list(facades.LABELS["balcony"])


def test_pen_fill_and_eyedropper(page):
    page.select_option("#size", "16")
    draw(page, "pillar", (30, 10), (30, 200), (200, 200), tool="pen")
    pillar, shop = (list(facades.LABELS[name]) for name in ("pillar", "shop"))
    assert color(page, "#drawing", 34, 100) == color(page, "#drawing", 100, 206) == pillar
    draw(page, "shop", (30, 100), tool="fill")  # the whole line, and nothing else
    assert color(page, "#drawing", 100, 200) == color(page, "#translation", 30, 50)[::-1] == shop
    assert color(page, "#drawing", 60, 70) == list(facades.LABELS["window"])
    page.check("input[value=pick]")
    drag(page, (60, 70))
    window = f"#{bytes(facades.LABELS['window']).hex()}"
    assert page.input_value("input[name=label]:checked") == window


def test_drawing_and_translation_are_saved_side_by_side(page, tmp_path):
    with page.expect_download() as waiting:
        page.click("#save")
    waiting.value.save_as(tmp_path / "both.png")
    both = Image.open(tmp_path / "both.png").convert("RGB")
    assert both.size == (512, 256)
    assert both.getpixel((5, 5)) == both.getpixel((261, 5))[::-1] == facades.LABELS["background"]


def test_a_model_of_lines_has_a_pen_and_paper(browser):
    black_on_white = [("#ffffff", (255, 255, 255)), ("#000000", (0, 0, 0))]
    with served(palette.Drawing("edges <2>", black_on_white, lines=True)) as address:
        page = browser.new_page(has_touch=True)
        page.goto(address)
        translated(page)
        assert page.inner_text("h1") == "edges <2>" and "Draw lines" in page.inner_text("body")
        assert color(page, "#drawing", 9, 9) == [255, 255, 255]
        box = page.locator("#drawing").bounding_box()
        made = page.get_attribute("#translation", "src")
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        translated(page, made)
        assert color(page, "#drawing", 128, 128) == [0, 0, 0]
        page.close()


def test_an_image_that_is_chosen_is_translated(page, tmp_path):
    Image.new("RGB", (256, 256), (250, 100, 10)).save(tmp_path / "orange.png")
    made = page.get_attribute("#translation", "src")
    page.set_input_files("#file", str(tmp_path / "orange.png"))
    translated(page, made)
    assert color(page, "#translation", 9, 9) == [10, 100, 250]


def test_an_image_that_is_dropped_is_translated(page):
    made = page.get_attribute("#translation", "src")
    page.evaluate("""async () => {
        const sheet = new OffscreenCanvas(256, 256), pen = sheet.getContext("2d");
        const held = new DataTransfer();
        pen.fillStyle = "rgb(10, 200, 30)";
        pen.fillRect(0, 0, 256, 256);
        held.items.add(new File([await sheet.convertToBlob()], "green.png", {type: "image/png"}));
        document.dispatchEvent(new DragEvent("drop", {dataTransfer: held, cancelable: true}));
    }""")
    translated(page, made)
    assert color(page, "#translation", 9, 9) == [30, 200, 10]


def test_a_file_that_is_too_large_is_not_sent(page, tmp_path):
    (tmp_path / "large.png").write_bytes(bytes(application.MAX_BYTES + 1))
    page.set_input_files("#file", str(tmp_path / "large.png"))
    page.wait_for_function("() => message.textContent.includes('too large')")


def test_a_file_that_is_not_an_image_is_explained(page, tmp_path):
    (tmp_path / "words.png").write_text("words")
    page.set_input_files("#file", str(tmp_path / "words.png"))
    page.wait_for_function("() => message.textContent.includes('not an image')")
