/** Choosing a model, checking it on this backend, opening one of one's own. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import { finishedSlices, openBySlideAddress, settle } from './fixtures/workbench.ts';

const shipped = resolve(import.meta.dirname, '../models/nano-single');

test('the chooser says what each model is for and where it does not fit; a check compares with the export', async ({
  page,
}) => {
  await openBySlideAddress(page, 'slides/CMU-1-Small-Region.svs', '&model=nano-single');
  await expect(page.getByTestId('backend')).toBeVisible();
  await page.getByTestId('command-panel.models').click();
  const item = page.getByTestId('model-details-nano-single');
  for (const fact of [
    'normal, benign',
    'slice 467 µm',
    'µm/px',
    'kB',
    'mIoU (4 classes)',
    'Trained on',
    'Apache-2.0',
  ]) {
    await expect(item).toContainText(fact);
  }
  // Real tissue, and a model that has never seen any.
  await expect(page.getByTestId('fit-nano-single').first()).toContainText('synthetic slides only');
  await expect(page.getByTestId('speed-nano-add')).toContainText('Speed not measured');

  // What is not known is said, and gives no warning; what the reader then says does.
  await expect(page.getByTestId('fit-notes')).toContainText('Organ: slide not specified');
  await expect(page.getByTestId('fit-colon-single')).toHaveCount(0);
  await page.getByTestId('command-panel.slides').click();
  await page.getByTestId('slide-organ').selectOption('breast');
  await page.getByTestId('slide-stain').selectOption('immunohistochemistry');
  await page.getByTestId('command-panel.models').click();
  await expect(page.getByTestId('fit-colon-single')).toContainText(
    'Breast slide; model trained on colon only',
  );
  await expect(page.getByTestId('fit-colon-single')).toContainText(
    'Immunohistochemistry slide; model trained on',
  );

  await page.getByTestId('check-model').click();
  const outcome = page.getByTestId('model-check');
  await expect(outcome).toHaveAttribute('data-passed', 'true', { timeout: 60_000 });
  await expect(outcome).toContainText(/^Passed: [\d,]+ of 16,384 test pixels differ/);

  await page.keyboard.press('s');
  await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/, { timeout: 100_000 });
  await expect(page.getByTestId('speed-nano-single')).toContainText('(measured)');
  await expect(page.getByTestId('speed-nano-add')).toContainText('(estimated)');
  // What the encoder sees here is far from the phantoms: with the overlay, in the legend and in the model's facts.
  const unlike = /does not look like what Nano single .* was trained on: it is [\d.]+ times as far/;
  await expect(page.getByTestId('pane-title-A').getByTestId('unlike-training')).toHaveAttribute(
    'data-tip',
    unlike,
  );
  await expect(page.getByTestId('legend-fit')).toContainText('do not trust these areas');
  await expect(page.getByTestId('fit-nano-single').first()).toContainText('does not look like');

  await page.goto('/?slide=slides/phantom-1.tif&model=nano-single');
  await expect(page.getByTestId('slide-name')).toHaveText('phantom-1.tif');
  await expect(page.getByTestId('fit-nano-single')).toHaveCount(0);
  await page.keyboard.press('s');
  await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/, { timeout: 100_000 });
  await expect(page.getByTestId('legend-fit')).toHaveCount(0);
  await expect(page.getByTestId('unlike-training')).toHaveCount(0);
});

/** Chooses a folder in the dialog, which must be open. */
async function chooseFolder(page: Page, folder: string): Promise<void> {
  await page.getByTestId('own-model-folder').setInputFiles(folder);
}

test('a model of one’s own opens from a folder and by address; broken and hostile ones are refused with a reason', async ({
  page,
}, info) => {
  const folder = (name: string, change: (path: string) => void): string => {
    const path = join(info.outputDir, name);
    rmSync(path, { recursive: true, force: true });
    mkdirSync(info.outputDir, { recursive: true });
    cpSync(shipped, path, { recursive: true });
    change(path);
    return path;
  };
  const edit = (path: string, change: (manifest: Record<string, unknown>) => void): void => {
    const file = join(path, 'manifest.json');
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    change(manifest);
    writeFileSync(file, JSON.stringify(manifest));
  };
  const weights = (
    JSON.parse(readFileSync(join(shipped, 'model.json'), 'utf8')) as {
      weightsManifest: { paths: string[] }[];
    }
  ).weightsManifest[0]!.paths[0]!;

  await openBySlideAddress(page, 'slides/phantom-1.tif');
  await expect(page.getByTestId('backend')).toBeVisible();
  await page.getByTestId('command-panel.models').click();
  await page.getByTestId('command-model.open').click();
  const problem = page.getByTestId('own-model-problem');
  for (const [path, reason] of [
    [folder('no-manifest', (path) => rmSync(join(path, 'manifest.json'))), /No manifest\.json/],
    [folder('no-json', (path) => writeFileSync(join(path, 'manifest.json'), '<html>')), /JSON/],
    [
      folder('outside', (path) =>
        edit(path, (manifest) => Object.assign(manifest.graph as object, { file: '../../etc/passwd' })),
      ),
      /"graph\.file".*without directories/,
    ],
    [
      folder('other-weights', (path) => {
        const bytes = readFileSync(join(path, weights));
        bytes[100] = bytes[100]! ^ 1;
        writeFileSync(join(path, weights), bytes);
      }),
      /do not match the manifest.s hash/,
    ],
    [folder('no-weights', (path) => rmSync(join(path, weights))), /does not contain this file/],
  ] as const) {
    await chooseFolder(page, path);
    await expect(problem).toHaveAttribute('role', 'alert');
    await expect(problem).toHaveText(reason);
  }
  for (const [address, reason] of [
    ['javascript:alert(1)', /Only http and https/],
    ['models/nowhere/', /404/],
  ] as const) {
    await page.getByTestId('own-model-url').fill(address);
    await page.keyboard.press('Enter');
    await expect(problem).toHaveText(reason);
  }

  const own = folder('mine', (path) =>
    edit(path, (manifest) => {
      manifest.title = 'My own <b>model</b>';
    }),
  );
  await chooseFolder(page, own);
  await expect(page.getByTestId('own-model-dialog')).toHaveCount(0, { timeout: 60_000 });
  // As text, whatever it holds; chosen, checked, and it runs.
  await expect(page.getByTestId('model-own-nano-single')).toContainText('My own <b>model</b>');
  await expect(page.getByTestId('layer-select')).toHaveValue('model:own-nano-single');
  await expect(page.getByTestId('model-check')).toHaveAttribute('data-passed', 'true');
  await page.keyboard.press('4');
  await settle(page);
  await page.keyboard.press('s');
  await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/, { timeout: 100_000 });
  expect((await finishedSlices(page)).length).toBeGreaterThan(0);

  await page.getByTestId('command-model.open').click();
  await page.getByTestId('own-model-url').fill('models/nano-add/');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('model-own-nano-add')).toBeVisible();
});
