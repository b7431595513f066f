// What the tests of pages share: a real Chromium. Debian's `chromium` is used; another one by
// DIGITRY_CHROMIUM=/path/to/chromium. Nothing is downloaded but the two npm packages.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { pathToFileURL } from 'node:url';

import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';

/// A browser that lives as long as the test file. `open(url, options)` gives a page with all that it
/// asked for and complained of since the very beginning; options are those of a browser's context.
export function inBrowser() {
  let browser;
  before(async () => {
    browser = await chromium.launch({
      executablePath: process.env.DIGITRY_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
        '--disable-background-networking', '--disable-component-update', '--disable-sync',
      ],
    });
  });
  after(() => browser?.close());
  return async function open(url, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1180, height: 900 }, ...options });
    const page = await context.newPage();
    page.requests = [];
    page.complaints = [];
    page.on('request', (request) => page.requests.push(request.url()));
    page.on('console', (message) => page.complaints.push(message.text()));
    page.on('pageerror', (error) => page.complaints.push(String(error)));
    await page.goto(url);
    return page;
  };
}

/// Opens the file that the environment variable `variable` names; `open` takes a `hash` besides.
export function pageOf(variable) {
  const file = process.env[variable];
  assert.ok(file && existsSync(file), `set ${variable} to the path of the page`);
  const url = pathToFileURL(path.resolve(file)).href;
  const openUrl = inBrowser();
  return { url, open: ({ hash = '', ...options } = {}) => openUrl(url + hash, options) };
}

/// What keeps a reader of any kind out of the page as it stands (axe). Leaves out what is `unread`,
/// by CSS selectors.
export async function violationsOf(page, unread = []) {
  const axe = unread.reduce((builder, selector) => builder.exclude(selector), new AxeBuilder({ page }));
  const { violations } = await axe.analyze();
  return violations.map(
    (v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html + n.failureSummary).join('\n')}`);
}

/// Fails where the page asks the network for anything, complains, or runs a script.
export async function expectQuiet({ url, open }) {
  for (const colorScheme of ['light', 'dark']) {
    const page = await open({ colorScheme });
    await page.waitForLoadState('networkidle');
    const outside = page.requests.filter((u) => u !== url && !u.startsWith('data:'));
    assert.deepEqual(outside, []);
    assert.deepEqual(page.complaints, []);
    assert.equal(await page.locator('script').count(), 0);
    const policy = page.locator('meta[http-equiv="Content-Security-Policy"]');
    assert.match(await policy.getAttribute('content'), /default-src 'none'/);
    await page.context().close();
  }
}

/// Fails where a reader of any kind is shut out (axe), by day or by night. Leaves out what is
/// `unread`, by CSS selectors.
export async function expectAccessible({ open }, unread = []) {
  for (const colorScheme of ['light', 'dark']) {
    const page = await open({ colorScheme });
    await page.locator('details').evaluateAll((all) => all.forEach((d) => { d.open = true; }));
    assert.deepEqual(await violationsOf(page, unread), [], colorScheme);
    await page.context().close();
  }
}

/// Fails where the page is wider than a phone.
export async function expectFitsAPhone({ open }) {
  const page = await open({ viewport: { width: 360, height: 740 } });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 360, `${width} pixels wide`);
  await page.context().close();
}
