"""The scene of the page in three dimensions, by its modules: points, rings, and how fast it is drawn."""

import pytest

from pages import drawing_browser, open_dashboard, page  # noqa: F401  (fixtures)

# A cloud of so many points, as the server sends them.
CLOUD = """
(count) => {
  const properties = ['float x', 'float y', 'float z', 'uchar red', 'uchar green', 'uchar blue'];
  const head = new TextEncoder().encode(`ply\\nformat binary_little_endian 1.0\\nelement vertex ${count}\\n`
    + properties.map((each) => `property ${each}\\n`).join('') + 'end_header\\n');
  const bytes = new Uint8Array(head.length + 15 * count);
  bytes.set(head);
  const view = new DataView(bytes.buffer, head.length);
  for (let at = 0; at < count; at += 1) {
    const angle = at * 2.399963;
    const radius = 30 * Math.sqrt(at / count);
    view.setFloat32(15 * at, radius * Math.cos(angle), true);
    view.setFloat32(15 * at + 4, radius * Math.sin(angle), true);
    view.setFloat32(15 * at + 8, 3 * Math.sin(radius / 3), true);
    bytes.set([at % 256, 128, 255 - (at % 256)], head.length + 15 * at + 12);
  }
  return bytes.buffer;
}
"""

# What draws: the processor, as it does by itself where there is no graphics card, or WebGL2.
GRAPHICS = ["software", "webgl"]

# A scene in the page: `view`, the vertices of its `lines`, and `cloud` that makes points for it. What draws it is the
# argument of the function in the page; without it, what the page chooses.
SCENE = f"""
  const {{ parsePly }} = await import('/js/scene/ply.js');
  const {{ SceneView }} = await import('/js/scene/scene-view.js');
  const view = new SceneView(graphics);
  view.element.style.height = '300px';
  document.getElementById('main').replaceChildren(view.element);
  let lines = [];
  const setLines = view.renderer.setLines.bind(view.renderer);
  view.renderer.setLines = (vertices) => {{ lines = vertices; setLines(vertices); }};
  const cloud = (count) => parsePly(({CLOUD})(count));
"""


def test_point_clouds_are_read_and_thinned(page):
    found = page.evaluate(f"""async () => {{
      const {{ parsePly }} = await import('/js/scene/ply.js');
      const cloud = ({CLOUD})(1000);
      const all = parsePly(cloud), some = parsePly(cloud, 300);
      const text = new TextEncoder().encode('ply\\nformat ascii 1.0\\nend_header\\n').buffer;
      const problems = [new ArrayBuffer(3), cloud.slice(0, 500), text]
        .map((bytes) => {{ try {{ parsePly(bytes); return null; }} catch (error) {{ return error.message; }} }});
      return [all.count, all.total, some.count, some.total, all.middle.map(Math.round), all.radius, problems];
    }}""")
    assert found[:4] == [1000, 1000, 250, 1000]
    assert all(abs(value) <= 3 for value in found[4]) and 24 < found[5] < 31
    assert all(found[6])


def test_the_points_of_a_moving_view_are_as_many_as_graphics_draw_in_time(page):
    found = page.evaluate("""async () => {
      const { PointBudget, spreadOrder } = await import('/js/scene/point-budget.js');
      // Graphics that draw so many points a millisecond, before a screen of 60 frames a second.
      const settled = (perMilli, limit = 300_000) => {
        const budget = new PointBudget(limit, { wanted: 10, longest: 14, unlearned: 5 });
        for (let frame = 0; frame < 2000; frame += 1) budget.took(budget.count / perMilli, budget.count);
        return budget.count;
      };
      // Frames that took so long each, one after another.
      const after = (...millis) => {
        const budget = new PointBudget(300_000, { wanted: 10, longest: 14, unlearned: 2 });
        for (const each of millis) budget.took(each, budget.count);
        return budget.count;
      };
      const few = [
        after(90, 90), after(9, 9, 40, 40, 40, 9, 40, 40, 40), after(9, 9, 20, 40, 20, 40), after(9, 9, 160),
        after(9, 9, 80, 80)];
      const orders = [0, 1, 2, 10, 9973, 30_000].map((count) => {
        const order = spreadOrder(count);
        return new Set(Array.from({ length: count }, (_, place) => order(place))).size === count;
      });
      // How many of the first tenth lie in each tenth.
      const order = spreadOrder(30_000);
      const tenths = new Array(10).fill(0);
      for (let place = 0; place < 3000; place += 1) tenths[Math.floor(order(place) / 3000)] += 1;
      return { fast: settled(100_000), some: settled(5_000), slow: settled(10), few, orders, tenths };
    }""")
    assert found["fast"] == 300_000 and found["slow"] == 10_000
    assert 50_000 <= found["some"] <= 70_000, "as many as are drawn in 10 to 14 ms"
    assert found["few"] == [300_000, 300_000, 150_000, 75_000, 75_000], "the first, and few slow ones, tell nothing"
    assert all(found["orders"]) and all(280 < count < 320 for count in found["tenths"])


def test_the_scene_shows_how_far_off_a_thing_may_be(page):
    found = page.evaluate(f"async (graphics) => {{ {SCENE}" + """
      const spread = (fields, isUpright = true) => {
        view.isUpright = isUpright;
        view.setObjects([]);
        const before = lines.length;
        view.setObjects([{ id: 1, label: 'car', position: [10, 20, 30], ...fields }]);
        // Behind the cross of six ends comes the ring.
        const ring = lines.slice(before).filter((vertex) => vertex[3][3] === 150);
        const middle = isUpright ? [10, 20] : [10, 30];
        return ring.length && Math.max(...ring.map(([x, y]) => Math.hypot(x - middle[0], y - middle[1])));
      };
      const covariance = [4, 0, 0, 0, 9, 0, 0, 0, 25];
      const found = [
        spread({}), spread({ covariance: [1] }), spread({ covariance }), spread({ covariance }, false),
        spread({ deviation: [2, 3, 5] }), spread({ deviation: [2, 3, 5] }, false)];
      view.dispose();
      return found;
    }""")
    assert found == pytest.approx([0, 0, 3, 5, 3, 5])


@pytest.mark.parametrize("graphics", GRAPHICS)
def test_the_scene_begins_anew_in_another_map(page, graphics):
    found = page.evaluate(f"""async (graphics) => {{
      {SCENE}
      // Two more frames: one of before may be underway.
      const drawn = async () => {{
        for (const wanted = view.renderer.stats.frames + 2; view.renderer.stats.frames < wanted;) {{
          view.renderer.invalidate();
          await new Promise((resolve) => requestAnimationFrame(resolve));
        }}
        return [view.path.steps.length, view.renderer.pointCount, view.renderer.stats.points];
      }};
      const rows = [[1, 0, 0], [0, 0, 1], [0, -1, 0]];
      const go = (map, from) => {{
        for (let at = 0; at < 5; at += 1) view.path.add({{ time: at, position: [from + at, 0, 4], rows, map }});
        view.update();
      }};
      go(0, 0);
      view.setPoints(cloud(1000));
      const found = [await drawn()];
      go(1, 5000);
      found.push(await drawn());
      view.setPoints(cloud(500));
      found.push(await drawn());
      view.dispose();
      return found;
    }}""", graphics)
    assert found == [[5, 1000, 1000], [5, 0, 0], [5, 500, 500]]


def test_the_scene_frames_a_map_anew_that_is_much_larger_or_smaller(page):
    found = page.evaluate(f"""async (graphics) => {{
      {SCENE}
      // The camera is drawn last, the larger the farther away the viewer is.
      const away = () => {{
        const [from, to] = lines.slice(-20);
        return (14 * Math.hypot(...[0, 1, 2].map((axis) => to[axis] - from[axis]))) / Math.hypot(1, 0.7, 0.4);
      }};
      const rows = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
      const go = (count, step, isMetric) => {{
        for (let at = 0; at < count; at += 1) {{
          view.path.add({{ time: at, position: [at * step, 0, 4], rows, isMetric }});
        }}
        view.isUpright = isMetric;
        view.update();
      }};
      const show = (scale) => {{
        const points = cloud(500);
        points.radius *= scale;
        view.setPoints(points);
        return away();
      }};
      go(100, 5, false);
      const inUnits = show(8);
      go(5, 1, true);
      // A map of before, in the unit of before, comes late.
      show(8);
      const found = [inUnits, show(1), (show(1), show(1.2)), show(3)];
      view.element.querySelector('canvas').dispatchEvent(new WheelEvent('wheel', {{ deltaY: -100, cancelable: true }}));
      const byHand = away();
      found.push(byHand, show(1), (view.frameAll(), away()));
      view.dispose();
      return found;
    }}""")
    in_units, metric, a_little_more, grown, by_hand, as_before, anew = found
    assert in_units > 500 and 50 < metric < 100
    assert a_little_more == metric and grown > 2 * metric
    assert by_hand < grown and as_before == by_hand, "what somebody looks at is left to them"
    assert anew == pytest.approx(metric)


def test_labels_of_the_scene_do_not_cover_one_another(page):
    labels = page.evaluate(f"async (graphics) => {{ {SCENE}" + """
      for (let at = 0; at < 100; at += 1) {
        view.path.add({ time: at, position: [at / 10, 0, 2], rows: [[1, 0, 0], [0, 1, 0], [0, 0, 1]] });
      }
      const place = (id) => [(id % 20) / 2, id / 20, 0];
      view.setObjects(Array.from({ length: 40 }, (_, id) => ({ id, label: 'car', position: place(id) })));
      const labels = [...view.element.querySelectorAll('.scene-labels span')];
      const boxes = labels.map((label) => label.getBoundingClientRect());
      const cover = boxes.flatMap((one, at) => boxes.slice(at + 1).filter((other) =>
        Math.abs(one.left - other.left) < 40 && Math.abs(one.top - other.top) < 10));
      view.dispose();
      return [labels.length, cover.length];
    }""")
    assert 1 < labels[0] < 40 and labels[1] == 0


def test_the_processor_draws_what_is_near_and_in_sight(page):
    found = page.evaluate("""async () => {
      const { Raster } = await import('/js/scene/raster.js');
      const { packVertices } = await import('/js/scene/vertices.js');
      const { lookAt, multiply, perspective } = await import('/js/scene/matrices.js');
      // From 10 above the ground straight down, north above: a hundred pixels for 20.
      const view = lookAt([0, 0, 10], [0, 0, 0], [0, 1, 0]);
      const matrix = multiply(perspective(Math.PI / 2, 1, 0.1, 100), view);
      const raster = new Raster(100, 100);
      const bytes = new ArrayBuffer(100 * 100 * 4);
      const vertices = (...list) => {
        const { buffer } = packVertices(list);
        return { floats: new Float32Array(buffer), words: new Uint32Array(buffer), count: list.length };
      };
      const pixel = (x, y) => [...new Uint8Array(bytes, (y * 100 + x) * 4, 3)];
      const begin = () => raster.begin(bytes, [0, 0, 1]);
      const count = () => new Uint32Array(bytes).filter((word) => word !== 0xffff0000).length;
      const red = [255, 0, 0, 255], green = [0, 255, 0, 255];
      const found = {};

      begin();
      const behindAndBeside = [[0, 0, 11, red], [10.1, 0, 0, red], [0, -30, 0, red]];
      raster.points(vertices([5, 2, 0, red], [2.5, 1, 5, green], ...behindAndBeside), 5, matrix);
      found.nearer = [pixel(75, 40), count()];

      begin();
      const row = vertices(...Array.from({ length: 100 }, (_, at) => [-9.9 + at / 5, 0, 0, red]));
      raster.points(row, 30, matrix);
      const columns = Array.from({ length: 98 }, (_, x) => pixel(x, 49)[0] === 255);
      found.spread = [30, 60].map((end) => columns.slice(end - 30, end).filter(Boolean).length);

      begin();
      // Up from the ground, past the viewer: what is before them shows. And one wholly behind.
      raster.lines(vertices([5, 0, 0, red], [5, 0, 1000, red], [0, 0, 11, red], [5, 5, 12, red]), matrix);
      found.past = [pixel(76, 50), pixel(98, 50), count()];

      begin();
      // Very long, half opaque, with a tint; then one beneath it, and one beneath it that is on top.
      raster.lines(vertices([-1e6, 0.15, 5, [200, 100, 0, 128]], [1e6, 0.15, 5, red]), matrix, { tint: [0.5, 1, 1] });
      found.long = [pixel(3, 48), count()];
      raster.lines(vertices([-5, 5, 0, green], [-5, -5, 0, green]), matrix);
      found.beneath = [pixel(25, 48), pixel(25, 40)];
      const strip = vertices([5, 5, 0, green], [5, 0, 0, green], [5, -5, 0, green]);
      raster.lines(strip, matrix, { isStrip: true, isOnTop: true });
      found.onTop = [pixel(75, 48), pixel(75, 60)];
      return found;
    }""")
    red, green = [255, 0, 0], [0, 255, 0]
    assert found["nearer"] == [green, 4], "the nearer of two; none behind the viewer or beside the picture"
    assert all(15 <= columns <= 21 for columns in found["spread"]), "30 of 100 points of two pixels, evenly"
    assert found["past"] == [red, red, 25], "to the edge of the picture"
    assert found["long"] == [[50, 50, 127], 100]
    assert found["beneath"] == [[50, 50, 127], green] and found["onTop"] == [green, green]


def test_the_processor_draws_as_webgl_does(page):
    drawn, differs = page.evaluate(f"""async (kinds) => {{
      const {{ parsePly }} = await import('/js/scene/ply.js');
      const {{ Orbit }} = await import('/js/scene/orbit.js');
      const {{ Renderer }} = await import('/js/scene/renderer.js');
      const {{ cross, ring }} = await import('/js/scene/shapes.js');
      // As many as are drawn however slow the graphics are.
      const points = parsePly(({CLOUD})(9_000));
      const orbit = new Orbit();
      orbit.frame(points.middle, points.radius);
      const wave = (at) => [at / 10 - 15, 9 * Math.sin(at / 20), 1, [255, 150, 40, 255]];
      const pictureOf = async (graphics) => {{
        const canvas = document.createElement('canvas');
        canvas.style.cssText = 'position: fixed; inset: 0; width: 600px; height: 400px';
        document.body.append(canvas);
        const renderer = new Renderer(canvas, (aspect) => orbit.matrix(aspect), graphics);
        renderer.background = [0.1, 0.2, 0.3];
        renderer.setPoints(points);
        renderer.setPath(Array.from({{ length: 300 }}, (_, at) => wave(at)), 0);
        renderer.setLines([...cross([0, 0, 5], 20, [255, 255, 255, 255]), ...ring([0, 0, 4], 25, [0, 255, 0, 150])]);
        const copy = new OffscreenCanvas(600, 400).getContext('2d');
        while (renderer.stats.frames < 3) {{
          renderer.invalidate();
          await new Promise((resolve) => requestAnimationFrame(resolve));
          // What WebGL2 drew is there as long as this picture of the screen is made.
          copy.drawImage(canvas, 0, 0);
        }}
        renderer.dispose();
        canvas.remove();
        return copy.getImageData(0, 0, 600, 400).data;
      }};
      const [one, other] = [await pictureOf(kinds[0]), await pictureOf(kinds[1])];
      let [drawn, differs] = [0, 0];
      for (let at = 0; at < one.length; at += 4) {{
        // From another place of the second picture, in any colour.
        const away = (picture, place) =>
          Math.max(...[0, 1, 2].map((each) => Math.abs(picture[at + each] - other[place + each])));
        if (away(other, 0) > 8) drawn += 1;
        if (away(one, at) > 8) differs += 1;
      }}
      return [drawn, differs];
    }}""", GRAPHICS)
    print(f"{drawn} pixels drawn, {differs} different")
    assert drawn > 10_000
    assert differs < 0.1 * drawn, "rounding moves some points and pieces of lines by one pixel"


@pytest.mark.parametrize("graphics", GRAPHICS)
def test_300_000_points_leave_time_for_60_frames_a_second(page, graphics):
    found = page.evaluate(f"""async (graphics) => {{
      const {{ parsePly }} = await import('/js/scene/ply.js');
      const {{ SceneView }} = await import('/js/scene/scene-view.js');
      const cloud = ({CLOUD})(300_000);
      const view = new SceneView(graphics);
      view.element.style.height = '500px';
      document.getElementById('main').replaceChildren(view.element);
      const begun = performance.now();
      const points = parsePly(cloud, 300_000);
      const parseMillis = performance.now() - begun;
      for (let at = 0; at < 3000; at += 1) {{
        const rows = [[1, 0, 0], [0, 0, 1], [0, -1, 0]];
        view.path.add({{ time: at, position: [at / 100, Math.sin(at / 200) * 9, 4], rows, isKey: at % 30 === 0 }});
      }}
      view.setPoints(points);
      view.setObjects(Array.from({{ length: 50 }}, (_, id) => ({{
        id, label: 'car', position: [id - 25, id % 7, 0], covariance: [1, 0, 0, 0, 1, 0, 0, 0, 1] }})));
      const canvas = view.element.querySelector('canvas');
      const press = () => {{
        const before = performance.now();
        canvas.dispatchEvent(new KeyboardEvent('keydown', {{ key: 'ArrowLeft', bubbles: true }}));
        return performance.now() - before;
      }};
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      const turnFor = async (millis, scripts) => {{
        const [start, before] = [performance.now(), view.renderer.stats.frames];
        const pictures = scripts.length;
        let points = 0;
        while (performance.now() - start < millis) {{
          const moved = press();
          await frame();
          scripts.push(moved + view.renderer.stats.drawMillis);
          points += view.renderer.stats.points;
        }}
        const seconds = (performance.now() - start) / 1000;
        const shown = scripts.length - pictures;
        const scene = view.renderer.stats.frames - before;
        return {{ scene: scene / seconds, page: shown / seconds, points: points / shown }};
      }};
      const scripts = [];
      // It learns how many points these graphics draw in time.
      await turnFor(4000, []);
      const rates = await turnFor(4000, scripts);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const resting = view.renderer.stats.points;
      const drawn = view.renderer.stats.frames;
      await new Promise((resolve) => setTimeout(resolve, 300));
      const idle = view.renderer.stats.frames - drawn;
      view.dispose();
      return {{ parseMillis, scripts, rates, resting, idle }};
    }}""", graphics)
    scripts = sorted(found["scripts"])
    median, high = scripts[len(scripts) // 2], scripts[int(len(scripts) * 0.9)]
    rates = found["rates"]
    print(f"{graphics}: {found['resting']} points: the page's own time a frame {median:.2f} ms in the median, "
          f"{high:.2f} ms at 90 %; reading the cloud once {found['parseMillis']:.0f} ms; turned by hand, with no "
          f"graphics card, {rates['scene']:.1f} frames of the scene and {rates['page']:.1f} of the page a second, with "
          f"{rates['points']:.0f} of the points")
    assert found["resting"] == 300_000, "a view that rests shows every point"
    if graphics == "software":
        # On a machine that does nothing else, nearly 60 with most of them; here others may be at work.
        assert rates["scene"] > 40 and rates["page"] > 50 and rates["points"] > 60_000
    else:
        assert rates["scene"] > 20 and rates["points"] >= 10_000
    assert found["idle"] == 0, "nothing is drawn while nothing changes"
    # A frame at 60 a second has 16.7 ms; the rest is the graphics card's.
    assert median < 8
