// Opens a report in a real Chromium. To run it:
//
//   digitry train ... (or `digitry report RUN`)        # makes runs/NAME/report.html
//   digitry tune ...                                   # makes runs/NAME/tune.html
//   cd tests/browser && npm ci
//   DIGITRY_REPORT=/path/to/report.html DIGITRY_STUDY=/path/to/tune.html npm test
//
// The report has to have a history and at least one mistake.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectAccessible, expectFitsAPhone, expectQuiet, pageOf } from './pages.mjs';

const report = pageOf('DIGITRY_REPORT');
const { open } = report;

const colours = (page) => page.evaluate(() => {
  const style = getComputedStyle(document.body);
  const line = document.querySelector('.curve [stroke="var(--training)"], .curve [color="var(--training)"]');
  const luminance = (colour) => {
    const [r, g, b] = colour.match(/\d+(\.\d+)?/g).map(Number);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return {
    page: luminance(style.backgroundColor),
    ink: luminance(style.color),
    curve: line && getComputedStyle(line).getPropertyValue(line.hasAttribute('stroke') ? 'stroke' : 'color'),
  };
});

test('asks the network for nothing, complains of nothing and runs no script', () => expectQuiet(report));

test('has its headings in order', async () => {
  const page = await open();
  assert.equal(await page.locator('h1').count(), 1);
  const headings = await page.locator('h2').allTextContents();
  const wanted = [
    'Training', 'Confusion matrix', 'Class by class', 'Most confused', 'Calibration',
    'Mistakes, most confident first', 'Mistakes explained', 'Map of the test images', 'Mistakes, pair by pair',
  ];
  assert.deepEqual(headings.slice(0, wanted.length), wanted);
  assert.match(await page.locator('.accuracy').innerText(), /^\d+\.\d\d\s%/);
  await page.context().close();
});

test('draws both curves and the reliability', async () => {
  const page = await open();
  const boxes = await page.locator('.curve svg').evaluateAll(
    (all) => all.map((svg) => svg.getBoundingClientRect().toJSON()));
  assert.equal(boxes.length, 3);
  for (const box of boxes) assert.ok(box.width > 300 && box.height > 150, JSON.stringify(box));
  await page.context().close();
});

test('every cell of the confusion matrix leads to as many images as it says', async () => {
  const page = await open();
  const cells = await page.locator('.confusion td a').evaluateAll((links) => links.map((link) => ({
    href: link.getAttribute('href'), count: Number(link.textContent),
  })));
  assert.ok(cells.length > 1);
  for (const { href, count } of cells) {
    const target = page.locator(`[id="${href.slice(1)}"]`);
    assert.equal(await target.count(), 1, href);
    const images = await target.locator('.image').count();
    const isPair = href.startsWith('#pair-');
    assert.ok(images > 0 && images <= (isPair ? count : 24), `${href}: ${images} of ${count}`);
    if (isPair && count <= 10) assert.equal(images, count, href);
  }
  await page.context().close();
});

test('following a cell scrolls to its images, which are painted', async () => {
  const page = await open();
  const link = page.locator('.confusion td a[href^="#pair-"]').last();
  const [, label, predicted] = (await link.getAttribute('href')).split('-').map(Number);
  await link.click();
  const target = page.locator(':target');
  assert.equal(await target.getAttribute('id'), `pair-${label}-${predicted}`);
  assert.ok(await target.evaluate((element) => {
    const box = element.getBoundingClientRect();
    return box.top >= 0 && box.top < innerHeight;
  }), 'the images are in view');

  const names = await page.locator('.confusion thead tr:last-child th').allTextContents();
  assert.match(await target.locator('h3').innerText(), new RegExp(
    `^${[names[label], names[predicted]].map(RegExp.escape ?? ((s) => s.replace(/\W/g, '\\$&'))).join(' → ')}`));

  // Two pictures of different images differ, and neither is blank.
  const first = await target.locator('.image').first().screenshot();
  const other = await page.locator('.gallery .image').nth(0).screenshot();
  assert.ok(first.length > 150, 'an image has ink');
  assert.notDeepEqual(first, other);
  await page.context().close();
});

test('each image is in the file once, and shown at its own place', async () => {
  const page = await open();
  const sheets = await page.evaluate(
    () => (document.documentElement.outerHTML.match(/data:image\/png/g) ?? []).length);
  assert.equal(sheets, 3, 'digits, what tints them, training images');
  const places = await page.locator('#mistakes .gallery .image').evaluateAll(
    (all) => all.map((image) => getComputedStyle(image).backgroundPosition));
  assert.equal(new Set(places).size, places.length);
  await page.context().close();
});

test('explains mistakes by tints that are painted, and by training images', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const page = await open({ colorScheme });
    const cards = page.locator('#explained .cards > li');
    const count = await cards.count();
    assert.ok(count > 0 && count <= 24, `${count} explained`);
    // The tinted digit is not the plain one, and it is coloured where that is grey.
    const coloured = (locator) => locator.screenshot().then((png) => page.evaluate(async (base64) => {
      const image = new Image();
      image.src = `data:image/png;base64,${base64}`;
      await image.decode();
      const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
      canvas.drawImage(image, 0, 0);
      const { data } = canvas.getImageData(0, 0, image.width, image.height);
      let pixels = 0;
      for (let i = 0; i < data.length; i += 4) {
        const rgb = [data[i], data[i + 1], data[i + 2]];
        if (Math.max(...rgb) - Math.min(...rgb) > 60) pixels += 1;
      }
      return pixels;
    }, png.toString('base64')));
    const first = cards.first();
    assert.equal(await coloured(first.locator('.pictures > .image')), 0, 'a plain digit is grey');
    assert.ok(await coloured(first.locator('.tinted')) > 50, `${colorScheme}: tinted`);
    assert.match(await first.locator('.tinted').getAttribute('aria-label'), /^Evidence for .+ For .+: .+\./);
    const nearest = await first.locator('.trained').evaluateAll((all) => all.map((image) => ({
      place: getComputedStyle(image).backgroundPosition, label: image.getAttribute('aria-label'),
    })));
    assert.equal(nearest.length, 5);
    assert.equal(new Set(nearest.map(({ place }) => place)).size, 5);
    for (const { label } of nearest) assert.match(label, /^Training image \d+$/);
    await page.context().close();
  }
});

test('maps the images: a name for each class, and crosses that tell which image they are', async () => {
  const page = await open();
  const map = page.locator('svg.map');
  const box = await map.boundingBox();
  assert.ok(box.width > 500 && box.height > 350, JSON.stringify(box));
  const classes = await page.locator('.confusion thead tr:last-child th').count();
  assert.equal(await map.locator('text').count(), classes);
  const colours = await map.locator(':scope > path').evaluateAll(
    (all) => all.map((path) => getComputedStyle(path).stroke));
  assert.equal(new Set(colours).size, Math.min(classes, 10));
  assert.ok(!colours.includes('none'));
  const cross = map.locator('.cross').first();
  assert.match(await cross.locator('title').textContent(), /^Image \d+: .+ → .+, .+%$/);
  const inside = await map.locator('.cross circle').evaluateAll((all) => all.every((circle) => {
    const at = circle.getBoundingClientRect(), svg = circle.ownerSVGElement.getBoundingClientRect();
    return at.left >= svg.left && at.right <= svg.right && at.top >= svg.top && at.bottom <= svg.bottom;
  }));
  assert.ok(inside, 'crosses are within the map');
  await page.context().close();
});

test('is light or dark as the reader wants, and light on paper', async () => {
  const light = await open({ colorScheme: 'light' });
  const day = await colours(light);
  assert.ok(day.page > 230 && day.ink < 60, JSON.stringify(day));
  await light.context().close();

  const dark = await open({ colorScheme: 'dark' });
  const night = await colours(dark);
  assert.ok(night.page < 40 && night.ink > 200, JSON.stringify(night));
  assert.ok(day.curve && night.curve && day.curve !== night.curve, 'the curves follow the theme');
  await dark.emulateMedia({ media: 'print', colorScheme: 'dark' });
  assert.ok((await colours(dark)).page > 230, 'paper is white');
  await dark.context().close();
});

test('fits a phone: only tables scroll sideways', () => expectFitsAPhone(report));

// A few of each kind of picture: hundreds alike take axe a minute and tell it nothing.
test('axe finds no violation', () => expectAccessible(report, [
  '.gallery li:nth-child(n+4)', '.cards > li:nth-child(n+4)', '.groups > section:nth-child(n+4)',
  '.strip li:nth-child(n+4)',
]));
