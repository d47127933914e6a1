import { expect, test } from '@playwright/test';
import { injectIntoWorkers } from './fixtures/worker-faults.ts';
import { openBySlideAddress } from './fixtures/workbench.ts';

/** Logs violations of the policy that a script catches and the console does not show. */
const logViolations = `
  addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile }) =>
    console.error('Content Security Policy', violatedDirective, blockedURI, sourceFile));
`;

test('no request leaves the origin of the page', async ({ page, context, baseURL }) => {
  const addresses: string[] = [];
  context.on('request', (request) => addresses.push(request.url()));
  const violations: string[] = [];
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) violations.push(message.text());
  });
  await page.addInitScript(logViolations);
  await injectIntoWorkers(page, { map: logViolations, segment: logViolations, storage: logViolations });

  await openBySlideAddress(page, 'slides/CMU-1-Small-Region.svs');
  await expect(page.getByTestId('backend')).toBeVisible();
  await page.keyboard.press('s');
  await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/, { timeout: 90_000 });

  const own = new URL(baseURL ?? '').origin;
  const outward = addresses.filter((url) => /^(https?|wss?):/.test(url) && new URL(url).origin !== own);
  expect(outward).toEqual([]);
  // Requests of workers are seen too: the slide and the network's weights are read by them alone.
  expect(addresses.some((url) => url.endsWith('.svs'))).toBe(true);
  expect(addresses.some((url) => url.includes('/models/') && url.endsWith('.bin'))).toBe(true);
  expect(violations).toEqual([]);
});
