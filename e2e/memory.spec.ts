/** The class map of the page is bounded: what is not looked at is put aside, and comes back as it was. */
import type { CDPSession } from '@playwright/test';
import { expect, test } from '@playwright/test';
import { serveTinyModels } from './fixtures/tiny-model.ts';
import { openBySlideAddress, settle } from './fixtures/workbench.ts';

test('with little memory, finished slices are put aside and read back to the pixel', async ({ page }) => {
  await serveTinyModels(page);
  const run = async (
    limit: number,
  ): Promise<{ held: number; slices: number; classes: number; text: string }> => {
    await openBySlideAddress(page, 'slides/phantom-1.tif', '&model=tiny-wide');
    await expect(page.getByTestId('backend')).toBeVisible();
    // What is on screen stays in memory, so little of the slide is on screen.
    await page.keyboard.press('5');
    await settle(page);
    await page.getByRole('button', { name: 'Whole slide', exact: true }).click();
    await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/, { timeout: 100_000 });
    const bytes = (): Promise<number> => page.evaluate(() => window.dualscope!.heldBytes());
    // What was on screen is put aside a little later.
    await expect.poll(bytes, { timeout: 30_000 }).toBeLessThan(limit);
    const held = await bytes();
    return page.evaluate(async (size) => {
      const slices = await window.dualscope!.wholeSlices();
      const all = slices
        .map(({ rect, classes }) => `${rect.x},${rect.y}:${classes.join('')}`)
        .sort()
        .join();
      const values = new Set(slices.flatMap(({ classes }) => [...new Set(classes)]));
      return { held: size, slices: slices.length, classes: values.size, text: all };
    }, held);
  };
  const plenty = await run(Infinity);
  expect(plenty.slices).toBeGreaterThan(200);
  expect(plenty.classes).toBeGreaterThan(1);
  // Of what the browser says the machine has, the page takes a thirty-second part: 256 KiB here.
  await page.addInitScript(() => {
    Object.defineProperty(navigator, 'deviceMemory', { get: () => 8 / 1024 });
  });
  const little = await run(300 * 1024);
  expect(plenty.held).toBeGreaterThan(4 * little.held);
  expect(little.slices).toBe(plenty.slices);
  expect(little.text === plenty.text).toBe(true);
});

/** Runs in the page, on a list of all its nodes. */
function detachedByRound(this: readonly Node[], round: number): [round: number, name: string][] {
  const page = globalThis as { firstSeen?: WeakMap<Node, number> };
  const firstSeen = (page.firstSeen ??= new WeakMap());
  // Prototypes of kinds of nodes are in the list too.
  const nodes = this.filter((node) => !Object.hasOwn(node, 'constructor'));
  for (const node of nodes) if (!firstSeen.has(node)) firstSeen.set(node, round);
  return nodes
    .filter((node) => !node.isConnected)
    .map((node) => [
      firstSeen.get(node)!,
      node instanceof Element ? `${node.tagName} ${node.getAttribute('class') ?? ''}` : node.nodeName,
    ]);
}

/**
 * Collects garbage and gives the nodes outside the document that a script of the page still reaches.
 * @param round what nodes that are new get; kept with them.
 */
async function detachedNodes(
  session: CDPSession,
  round: number,
): Promise<{ readonly round: number; readonly name: string }[]> {
  const objectGroup = 'nodes';
  const prototype = await session.send('Runtime.evaluate', { expression: 'Node.prototype', objectGroup });
  const { objects } = await session.send('Runtime.queryObjects', {
    prototypeObjectId: prototype.result.objectId!,
    objectGroup,
  });
  const { result } = await session.send('Runtime.callFunctionOn', {
    objectId: objects.objectId!,
    functionDeclaration: detachedByRound.toString(),
    arguments: [{ value: round }],
    returnByValue: true,
  });
  await session.send('Runtime.releaseObjectGroup', { objectGroup });
  return (result.value as [number, string][]).map(([seen, name]) => ({ round: seen, name }));
}

test('slides that were opened and closed leave no nodes and no listeners behind', async ({ page }) => {
  test.setTimeout(400_000);
  await serveTinyModels(page);
  await page.goto('/?slide=none&model=tiny-wide');
  await expect(page.getByTestId('backend')).toBeVisible();
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.enable');
  await detachedNodes(session, -1);
  const rounds = 12;
  // What is left of one slide or two is no leak: React keeps its former tree, and a page may keep what it has built once.
  // One node per slide shows in each of these sets of three rounds.
  const sets = [2, 5, 8];
  const elements: number[] = [];
  const listeners: number[] = [];
  const slides = page.getByTestId('demo-slides').first().getByRole('button');
  for (let round = 0; round < rounds; round++) {
    // Every other time in two panes, with annotations and a run.
    await slides.nth(round % (await slides.count())).click();
    await page.waitForFunction(() => window.dualscope?.transform() != null);
    if (round % 2 === 1) {
      await page.keyboard.press('Alt+2');
      await expect(page.getByTestId('pane-B')).toBeVisible();
      await page.keyboard.press('5');
      await page.keyboard.press('s');
      await page.keyboard.press('Alt+1');
    }
    await page.keyboard.press('Control+k');
    await page.keyboard.type('Close slide');
    if (sets.includes(round)) await detachedNodes(session, round);
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('start-page')).toBeVisible();
    // What waits for a frame lets go.
    await page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
    );
    await session.send('HeapProfiler.collectGarbage');
    listeners.push((await session.send('Memory.getDOMCounters')).jsEventListeners);
    elements.push(await page.locator('*').count());
  }
  await expect
    .poll(
      async () => {
        const left = (await detachedNodes(session, rounds)).filter(({ round }) => sets.includes(round));
        return new Set(left.map(({ round }) => round)).size < sets.length ? [] : left;
      },
      { message: 'nodes outside the document, by the round that they were first seen in' },
    )
    .toEqual([]);
  // Of the first rounds, some build what stays; from then on a leak of one per slide makes five. Medians, because a single
  // round may still lack what stays, or hold what goes.
  const median = (counts: readonly number[]): number => counts.toSorted((a, b) => a - b)[2] ?? NaN;
  const grown = (counts: readonly number[]): number =>
    median(counts.slice(7, 12)) - median(counts.slice(2, 7));
  expect(grown(elements), `elements: ${elements.join()}`).toBeLessThan(4);
  expect(grown(listeners), `listeners: ${listeners.join()}`).toBeLessThan(4);
});
