/** Cross-attention on every runtime of the page, graphics played by software: the classes of the eager interpreter. */
import { expect, test } from '@playwright/test';
import { serveEagerModel } from './fixtures/eager-model.ts';

test('cross-attention gives the classes of the eager interpreter on wasm, WebGL and WebGPU', async ({
  page,
}) => {
  const id = await serveEagerModel(page, 'cross-attention');
  for (const backend of ['wasm', 'webgl', 'webgpu']) {
    await page.goto(`/?slide=slides/phantom-1.tif&model=${id}&backend=${backend}`);
    await expect(page.getByTestId('backend')).toHaveAttribute('data-backend', backend);
    await page.getByTestId('check-model').click();
    const outcome = page.getByTestId('model-check');
    await expect(outcome).toHaveAttribute('data-passed', 'true', { timeout: 100_000 });
    const text = await outcome.innerText();
    console.log(`${backend}: ${text}`);
    expect(text).toMatch(/^Passed: \d+ of 4,096 test pixels differ/);
  }
});
