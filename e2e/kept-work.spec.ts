/** Work on the open slide survives slides that fail to open, a page that closes, and records of another version. */
import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import { dropFile } from './fixtures/workbench.ts';

const address = '/?slide=slides/CMU-1-Small-Region.svs&model=nano-single';

async function openWithAnnotations(page: Page): Promise<void> {
  await page.goto(address);
  await expect(page.getByTestId('slide-name')).toHaveText('CMU-1-Small-Region.svs');
  await expect(page.getByTestId('backend')).toBeVisible();
  await page.getByTestId('command-panel.annotations').click();
}

/** Draws a rectangle by keyboard. */
async function drawRectangle(page: Page): Promise<void> {
  await page.keyboard.press('Alt+B');
  for (const key of ['ArrowRight', ' ', 'ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowDown', ' ']) {
    await page.keyboard.press(key);
  }
}

/** Reads or replaces the only record of the annotations' database, past the app. */
function record(page: Page, replace?: object): Promise<unknown> {
  return page.evaluate(
    (replacement) =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open('dualscope.annotations');
        opening.onerror = () => reject(new Error('The database does not open.'));
        opening.onsuccess = () => {
          const database = opening.result;
          const transaction = database.transaction('slides', 'readwrite');
          const store = transaction.objectStore('slides');
          let found: unknown = null;
          store.openCursor().onsuccess = ({ target }) => {
            const cursor = (target as IDBRequest<IDBCursorWithValue | null>).result;
            if (cursor === null) return;
            found = cursor.value;
            if (replacement !== undefined) cursor.update(replacement);
          };
          transaction.oncomplete = () => {
            database.close();
            resolve(found);
          };
        };
      }),
    replace,
  );
}

const rows = (page: Page) => page.getByTestId('annotation-list').getByRole('button');

test('a slide that fails to open leaves the open one and the work on it as they were', async ({ page }) => {
  await openWithAnnotations(page);
  await drawRectangle(page);
  await expect(rows(page)).toHaveCount(1);
  await page.keyboard.press('Escape');
  await page.keyboard.press('m');
  await expect(page.getByTestId('measure-tool')).toBeVisible();
  await dropFile(page, 'letter.svs', 'Dear colleague, this is not a slide.');
  await expect(page.getByTestId('notice')).toContainText('letter.svs');
  await expect(page.getByTestId('slide-name')).toHaveText('CMU-1-Small-Region.svs');
  await expect(page.getByTestId('measure-tool')).toBeVisible();
  await expect(rows(page)).toHaveCount(1);
  await expect(page.getByTestId('command-annotate.undo').first()).toBeEnabled();
});

test('an annotation is kept when the page is left at once', async ({ page }) => {
  await openWithAnnotations(page);
  await drawRectangle(page);
  // No wait: the reload overtakes whatever the app would still like to do.
  await page.reload();
  await expect(rows(page)).toHaveCount(1);
});

test('annotations of a later version are reported, not shown and not overwritten', async ({ page }) => {
  await openWithAnnotations(page);
  await drawRectangle(page);
  await expect.poll(() => record(page)).toMatchObject({ version: 1 });
  const later = { version: 2, layers: [{ shapes: 'unknown' }] };
  await record(page, later);
  await page.reload();
  await expect(page.getByTestId('notice')).toContainText("can't be read");
  await expect(page.getByTestId('notice')).toContainText('GeoJSON');
  await drawRectangle(page);
  await expect(rows(page)).toHaveCount(1);
  await page.reload();
  await expect(page.getByTestId('notice')).toContainText("can't be read");
  expect(await record(page)).toEqual(later);
});
