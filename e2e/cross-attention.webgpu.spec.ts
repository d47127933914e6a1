/** Cross-attention on every runtime of the page, graphics played by software: the classes of the eager interpreter. */
import { expect, test } from '@playwright/test';
import { serveEagerModel } from './fixtures/eager-model.ts';

// Shaders take most of the time; WebGL's are for the long form.
const backends = ['wasm', ...(process.env.DUALSCOPE_MODELS === 'all' ? ['webgl'] : []), 'webgpu'];

test('cross-attention gives the classes of the eager interpreter on every backend', async ({ page }) => {
  const id = await serveEagerModel(page, 'cross-attention');
  for (const backend of backends) {
    await page.goto(`/?slide=slides/phantom-1.tif&model=${id}&backend=${backend}`);
    await expect(page.getByTestId('backend')).toHaveAttribute('data-backend', backend);
    await page.getByTestId('check-model').click();
    const outcome = page.getByTestId('model-check');
    await expect(outcome).toHaveAttribute('data-passed', 'true', { timeout: 100_000 });
    const text = await outcome.innerText();
    console.log(`${backend}: ${text}`);
    expect(text).toMatch(/^Passed: \d+ of 1,024 test pixels differ/);
  }
});
