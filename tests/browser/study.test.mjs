// Opens the page of a search (`digitry tune`) in a real Chromium; report.test.mjs says how to run it.
// The search has to be of at least three trials, with fresh seeds for the best.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectAccessible, expectFitsAPhone, expectQuiet, pageOf } from './pages.mjs';

const study = pageOf('DIGITRY_STUDY');
const { open } = study;

test('asks the network for nothing, complains of nothing and runs no script', () => expectQuiet(study));
test('fits a phone: only tables and wide figures scroll sideways', () => expectFitsAPhone(study));
test('axe finds no violation', () => expectAccessible(study));

test('leads with what fresh seeds got, and tells the score of the search beside it', async () => {
  const page = await open();
  const lead = await page.locator('.accuracy').innerText();
  assert.match(lead, /^\d+\.\d\d\s%/);
  assert.match(lead, /mean of \d+ fresh seeds \(\d+\.\d\d\s% in the search\)/);
  await page.context().close();
});

test('has a figure for the course, one for each value and one for all together, all painted', async () => {
  const page = await open();
  const values = await page.locator('#values h3').count();
  assert.ok(values > 0);
  const boxes = await page.locator('.curve svg').evaluateAll(
    (all) => all.map((svg) => svg.getBoundingClientRect().toJSON()));
  assert.equal(boxes.length, values + 2);
  for (const box of boxes) assert.ok(box.width > 300 && box.height > 150, JSON.stringify(box));
  await page.context().close();
});

test('figures name values as they are called, and no text is cut off', async () => {
  const page = await open();
  for (const curve of await page.locator('#values .curve').all()) {
    const name = (await curve.locator('h3').innerText()).split(/\s/)[0];
    const texts = await curve.locator('svg text').allTextContents();
    assert.ok(texts.map((text) => text.trim()).includes(name), `${name} among ${texts}`);
  }
  const cut = await page.locator('#together svg text').evaluateAll((all) => all.filter((text) => {
    const box = text.getBoundingClientRect(), svg = text.ownerSVGElement.getBoundingClientRect();
    return box.left < svg.left || box.right > svg.right || box.top < svg.top || box.bottom > svg.bottom + 1;
  }).map((text) => text.textContent));
  assert.deepEqual(cut, []);
  await page.context().close();
});

test('lists the trials, best first, and marks the one that was taken', async () => {
  const page = await open();
  const scores = await page.locator('#trials tbody td:nth-child(2)').allTextContents();
  assert.ok(scores.length >= 3);
  const numbers = scores.filter((text) => text !== '–').map(Number);
  assert.deepEqual(numbers, [...numbers].sort((a, b) => b - a));
  assert.equal(await page.locator('#trials tr.best').count(), 1);
  await page.context().close();
});
