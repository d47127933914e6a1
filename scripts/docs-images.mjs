/**
 * Makes the pictures of README and guide that show the app, docs/images/*.png, from the build in dist/:
 * `npm run build && node scripts/docs-images.mjs [NAME…]`. The DICOM slide is development data; without it, its picture stays.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { spawn } from 'node:child_process';
import { chromium } from '@playwright/test';
import sharp from 'sharp';
import { findOrInstallChromium, whatToInstall } from './chromium.mjs';

const root = resolve(import.meta.dirname, '..');
const dicomFolder = join(root, 'shared/data/slides/dicom-cmu1');
const dicomElsewhere = join(root, '../shared/data/slides/dicom-cmu1');
const wanted = process.argv.slice(2);
/** Milliseconds for a run on a slow machine. */
const runMs = 300_000;
const phantom = '?slide=slides/phantom-1.tif&model=nano-aligned';

/** @typedef {import('@playwright/test').Page} Page */

/** @param {Page} page */
async function segmentWhole(page) {
  await page.getByTestId('backend').waitFor({ timeout: runMs });
  await page.keyboard.press('Shift+S');
  await page
    .getByText(/^Segmented/)
    .first()
    .waitFor({ timeout: runMs });
}

/** Steps to each picture, by name. @type {Record<string, (page: Page) => Promise<void>>} */
const pictures = {
  phantom: segmentWhole,
  overlay: async (page) => {
    await page.getByTestId('backend').waitFor({ timeout: runMs });
    await page.keyboard.press('3');
    await page.waitForTimeout(1500);
    await page.keyboard.press('s');
    await page
      .getByText(/^Segmented/)
      .first()
      .waitFor({ timeout: runMs });
  },
  compare: async (page) => {
    await segmentWhole(page);
    await page.keyboard.press('Alt+2');
    await page.getByTestId('pane-title-B').selectOption('model:nano-single');
    await segmentWhole(page);
    await page.keyboard.press('[');
    await page.keyboard.press('0');
  },
  swipe: async (page) => {
    await segmentWhole(page);
    await page.keyboard.press('w');
    await page.getByTestId('pane-title-A2').selectOption('model:nano-single');
    await segmentWhole(page);
  },
  difference: async (page) => {
    await segmentWhole(page);
    await page.keyboard.press('d');
    await page.getByTestId('pane-title-A2').selectOption('model:nano-single');
    await segmentWhole(page);
  },
  truth: async (page) => {
    await segmentWhole(page);
    const chooser = page.waitForEvent('filechooser');
    await page.keyboard.press('Alt+T');
    await (await chooser).setFiles(join(root, 'public/slides/phantom-1.xml'));
    await page.getByTestId('comparison').waitFor({ timeout: runMs });
    await page.keyboard.press('Shift+O');
    await page.getByTestId('comparison').scrollIntoViewIfNeeded();
  },
  'dicom-slide': async (page) => {
    const folder = [dicomFolder, dicomElsewhere].find((each) => existsSync(each));
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Open slide…' }).first().click();
    await (await chooser).setFiles(readdirSync(folder ?? '').map((name) => join(folder ?? '', name)));
    await page.getByText('DICOM').first().waitFor();
  },
  report: async (page) => {
    await segmentWhole(page);
    // All of the page at once.
    await page.setViewportSize({ width: 1280, height: 1500 });
    await page.keyboard.press('Control+p');
    await page.getByTestId('report-page').waitFor({ timeout: runMs });
  },
};

/** Colours of a palette PNG: enough for tissue, small enough for a repository. */
const colours = 96;

/** @param {Buffer} picture @param {string} name @param {number} width */
function save(picture, name, width) {
  return sharp(picture)
    .resize({ width, withoutEnlargement: true })
    .png({ palette: true, colours, effort: 10, dither: 0.6 })
    .toFile(join(root, 'docs/images', `${name}.png`));
}

const executablePath = findOrInstallChromium();
if (executablePath === null) throw new Error(whatToInstall);
const server = spawn(process.execPath, [join(root, 'scripts/start.mjs'), '--port', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const url = await new Promise((found, failed) => {
  let text = '';
  server.stdout.on('data', (chunk) => {
    text += String(chunk);
    const match = /http:\/\/\S+/.exec(text);
    if (match !== null) found(match[0]);
  });
  server.on('exit', () => failed(new Error('The server did not start.')));
});
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-blink-features=FileSystemAccessLocal'],
});
try {
  for (const [name, steps] of Object.entries(pictures)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    if (name === 'dicom-slide' && !existsSync(dicomFolder) && !existsSync(dicomElsewhere)) continue;
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, serviceWorkers: 'block' });
    const query = name === 'overlay' ? '?slide=slides/colon-mosaic.tif&model=colon-gland' : phantom;
    await page.goto(`${url}${query}`);
    await steps(page);
    // The pointer explains nothing, and the overlay is painted.
    await page.mouse.move(640, 1);
    await page.waitForTimeout(4000);
    const isReport = name === 'report';
    const picture = isReport ? await page.getByTestId('report-page').screenshot() : await page.screenshot();
    await save(picture, name, isReport ? 595 : 1000);
    await page.close();
  }
} finally {
  await browser.close();
  server.kill();
}
