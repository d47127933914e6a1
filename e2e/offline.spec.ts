/** After the first visit the app works without network: page, demo slide, models, inference. */
import { expect, test } from '@playwright/test';
import { finishedSlices } from './fixtures/workbench.ts';

test.use({ serviceWorkers: 'allow' });

test('works offline after the first visit', async ({ page, context }) => {
  await page.goto('/?slide=slides/CMU-1-Small-Region.svs&model=nano-single');
  await expect(page.getByTestId('backend')).toBeVisible();
  // The worker takes over when everything is kept.
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null, null, { timeout: 60_000 });
  // Large models are kept when the reader asks for them: the panel says which, and then nothing any more.
  await page.getByTestId('command-panel.models').click();
  const note = page.getByTestId('offline-note');
  await expect(note).toContainText('Need the network: Colon: Dual inputs, add;');
  await note.getByRole('button', { name: /^Keep for offline use \(\d+ MB\)$/ }).click();
  await expect(note).toHaveCount(0, { timeout: 60_000 });
  await context.setOffline(true);
  // The server is not asked any more, not even through the browser's own cache of files.
  const asked: string[] = [];
  await context.route('**', (route) => {
    asked.push(route.request().url());
    return route.abort('internetdisconnected');
  });

  await page.goto('/?slide=slides/CMU-1-Small-Region.svs&model=nano-single');
  await expect(page.getByTestId('slide-name')).toHaveText('CMU-1-Small-Region.svs');
  await expect(page.getByTestId('backend')).toBeVisible();
  expect(await page.evaluate(() => window.crossOriginIsolated)).toBe(true);
  await page.keyboard.press('s');
  await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/, { timeout: 60_000 });
  expect((await finishedSlices(page)).length).toBeGreaterThan(5);
  const kept = await page.evaluate(async () => {
    const { later } = (await (await fetch('offline.json')).json()) as { later: Record<string, number> };
    const sizes = Object.keys(later).map(
      async (file) => (await (await fetch(file)).arrayBuffer()).byteLength,
    );
    return { wanted: Object.values(later), found: await Promise.all(sizes) };
  });
  expect(kept.wanted.length).toBeGreaterThan(5);
  expect(kept.found).toEqual(kept.wanted);
  const manifest = await page.evaluate(async () => {
    const link = document.querySelector<HTMLLinkElement>('link[rel=manifest]');
    return (await (await fetch(link!.href)).json()) as { name: string };
  });
  expect(manifest.name).toBe('Dualscope');
  const origin = new URL(page.url()).origin;
  expect(asked.filter((url) => !url.startsWith(origin) && !url.startsWith('blob:'))).toEqual([]);
});
