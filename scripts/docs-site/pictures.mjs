// Takes the pictures of the documentation in a real Chromium, as tests/browser does:
//
//   DIGITRY=/path/to/digitry DIGITRY_RUNS=/folder/of/runs DIGITRY_REPORT=/path/to/report.html node pictures.mjs FOLDER

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(new URL('../../tests/browser/package.json', import.meta.url));
const { chromium } = require('playwright-core');

const SIZE = { width: 960, height: 1080 };

// Strokes in a box of side 1, about as a hand writes them.
const SHAPES = {
  3: [[[0.1, 0.1], [0.3, 0.01], [0.62, 0], [0.86, 0.14], [0.8, 0.34], [0.45, 0.46], [0.8, 0.55], [0.93, 0.78], [0.7, 0.97], [0.32, 1], [0.06, 0.86]]],
  4: [[[0.55, 0], [0.3, 0.35], [0.05, 0.66], [0.5, 0.64], [0.98, 0.61]], [[0.74, 0.3], [0.7, 0.65], [0.68, 1]]],
  7: [[[0.05, 0.06], [0.5, 0.03], [0.95, 0.02], [0.7, 0.45], [0.5, 0.75], [0.38, 1]]],
};

async function pictureOfReport(browser, file, to) {
  const page = await browser.newPage({ viewport: SIZE, colorScheme: 'light' });
  await page.goto(pathToFileURL(path.resolve(file)).href);
  await page.screenshot({ path: to });
}

/// Starts `digitry serve` on a free port; gives its address and a function that ends it.
async function serve() {
  const server = spawn(process.env.DIGITRY,
    ['serve', '--port', '0', '--quiet', 'cnn-best', '--runs', process.env.DIGITRY_RUNS],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  const address = await new Promise((resolve, reject) => {
    server.stdout.once('data', (data) => resolve(String(data).trim()));
    server.once('exit', (status) => reject(new Error(`digitry serve ended: ${status}`)));
  });
  return { address, end: () => server.kill('SIGTERM') };
}

/// Draws a digit of `size` units of the sheet, its left upper corner at x, y.
async function draw(page, digit, x, y, size) {
  const box = await page.locator('#ink').boundingBox();
  const at = ([px, py]) => [
    box.x + ((x + px * size * 0.6) / 640) * box.width, box.y + ((y + py * size) / 480) * box.height];
  for (const stroke of SHAPES[digit]) {
    await page.mouse.move(...at(stroke[0]));
    await page.mouse.down();
    for (const point of stroke.slice(1)) await page.mouse.move(...at(point), { steps: 6 });
    await page.mouse.up();
  }
}

async function pictureOfPage(browser, to) {
  const { address, end } = await serve();
  try {
    const page = await browser.newPage({ viewport: SIZE, colorScheme: 'light' });
    await page.goto(address);
    await page.locator('#read:not([hidden])').waitFor();
    await draw(page, 3, 60, 110, 230);
    await draw(page, 4, 245, 120, 230);
    await draw(page, 7, 440, 115, 230);
    await page.waitForFunction(() => document.getElementById('text').textContent.replaceAll(' ', '') === '347');
    await page.locator('#detail:not(.stale) #evidence canvas').waitFor();
    await page.locator('#nearest canvas').nth(4).waitFor({ timeout: 30_000 });
    await page.mouse.move(0, 0);
    await page.screenshot({ path: to });
  } finally {
    end();
  }
}

const folder = process.argv[2];
const browser = await chromium.launch({
  executablePath: process.env.DIGITRY_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
try {
  await pictureOfReport(browser, process.env.DIGITRY_REPORT, path.join(folder, 'report.png'));
  await pictureOfPage(browser, path.join(folder, 'page.png'));
} finally {
  await browser.close();
}
