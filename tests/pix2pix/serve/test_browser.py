"""The page of pix2pix.serve in a real browser: the machine's chromium, driven by Playwright."""

import threading

import pytest
from PIL import Image

from data.drawn import facades
from graphmode import doctor
from pix2pix.serve import application, connections, decoding

pytestmark = pytest.mark.browser


def swapped(image):
    """In place of a network: red and blue exchanged."""
    return image[..., ::-1]


@pytest.fixture(scope="module")
def address():
    decoders = decoding.Decoders()
    app = application.create(swapped, decoders.decode)
    server, port = connections.listen(app, "127.0.0.1", 0)
    threading.Thread(target=server.run, daemon=True).start()
    yield f"http://127.0.0.1:{port}/"
    server.close()
    decoders.close()


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


def draw(page, label, start, end):
    before = page.get_attribute("#translation", "src")
    page.check(f"input[value='#{bytes(facades.LABELS[label]).hex()}']")
    box = page.locator("#drawing").bounding_box()
    corners = [(box["x"] + 1 + x * 1.5, box["y"] + 1 + y * 1.5) for x, y in (start, end)]
    page.mouse.move(*corners[0])
    page.mouse.down()
    page.mouse.move(*corners[1], steps=4)
    page.mouse.up()
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
