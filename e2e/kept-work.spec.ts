/** Work on the open slide survives faults: slides that do not open, pages that close, disks that fail, a second tab. */
import { readFileSync } from 'node:fs';
import type { BrowserContext, Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import { serveTinyModels } from './fixtures/tiny-model.ts';
import { dropFile, openBySlideAddress, runWholeSlide, settle } from './fixtures/workbench.ts';

const address = '/?slide=slides/CMU-1-Small-Region.svs&model=nano-single';

async function openWithAnnotations(page: Page): Promise<void> {
  await page.goto(address);
  await expect(page.getByTestId('slide-name')).toHaveText('CMU-1-Small-Region.svs');
  await expect(page.getByTestId('backend')).toBeVisible();
  const list = page.getByTestId('annotations-section');
  if (!(await list.isVisible())) await page.getByTestId('command-panel.annotations').click();
}

/** Draws a rectangle by keyboard. */
async function drawRectangle(page: Page): Promise<void> {
  // The key of a tool that is on turns it off.
  await page.keyboard.press('Alt+V');
  await page.keyboard.press('Alt+B');
  for (const key of ['ArrowRight', ' ', 'ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowDown', ' ']) {
    await page.keyboard.press(key);
  }
}

type Stored = readonly (readonly [key: unknown, value: unknown])[];

/** All records of the annotation database, past the app. */
function stored(page: Page, table: 'slides' | 'records' = 'records'): Promise<Stored> {
  return page.evaluate(
    (name) =>
      new Promise<[unknown, unknown][]>((resolve, reject) => {
        const opening = indexedDB.open('dualscope.annotations');
        opening.onerror = () => reject(new Error('The database does not open.'));
        opening.onsuccess = () => {
          const database = opening.result;
          const store = database.transaction(name).objectStore(name);
          const keys = store.getAllKeys();
          const values = store.getAll();
          store.transaction.oncomplete = () => {
            database.close();
            resolve(keys.result.map((key, i) => [key, values.result[i]]));
          };
        };
      }),
    table,
  );
}

/** Writes into the annotation database, past the app. `version` 1 makes a new database as version 1 had it. */
function store(
  page: Page,
  version: 1 | 2,
  table: string,
  key: string | (string | number)[],
  value: object,
): Promise<void> {
  return page.evaluate(
    ([number, name, at, content]) =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open('dualscope.annotations', number);
        opening.onerror = () => reject(new Error('The database does not open.'));
        opening.onupgradeneeded = () => void opening.result.createObjectStore('slides');
        opening.onsuccess = () => {
          const database = opening.result;
          const transaction = database.transaction(name, 'readwrite');
          transaction.objectStore(name).put(content, at);
          transaction.oncomplete = () => {
            database.close();
            resolve();
          };
        };
      }),
    [version, table, key, value] as const,
  );
}

/** Makes the annotation database fail while `localStorage.fault` names the operation. */
async function allowFaults(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const isFaulty = (operation: string, { objectStoreNames }: IDBTransaction): boolean =>
      localStorage.getItem('fault') === operation && objectStoreNames.contains('records');
    const commit = Object.getOwnPropertyDescriptor(IDBTransaction.prototype, 'commit')!.value as () => void;
    // Requests succeed, and then the transaction is rolled back: as on a full disk.
    IDBTransaction.prototype.commit = function () {
      if (isFaulty('write', this)) this.abort();
      else commit.call(this);
    };
    const getAll = Object.getOwnPropertyDescriptor(IDBObjectStore.prototype, 'getAll')!
      .value as IDBObjectStore['getAll'];
    IDBObjectStore.prototype.getAll = function (...args) {
      if (isFaulty('read', this.transaction))
        throw new DOMException('The disk does not answer.', 'UnknownError');
      return getAll.apply(this, args);
    };
  });
}

const setFault = (page: Page, fault: 'read' | 'write' | 'none'): Promise<void> =>
  page.evaluate((value) => localStorage.setItem('fault', value), fault);

const rows = (page: Page) => page.getByTestId('annotation-list').getByRole('button');
const note = (page: Page) => page.getByTestId('saving-note');

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
  const times = Number(process.env.DUALSCOPE_LEAVINGS ?? 4);
  test.setTimeout(60_000 + times * 15_000);
  await openWithAnnotations(page);
  for (let drawn = 1; drawn <= times; drawn++) {
    await drawRectangle(page);
    // No wait: leaving overtakes whatever the app would still like to do.
    if (drawn % 2 === 0) await page.reload();
    else await page.goto('/models/index.json');
    await openWithAnnotations(page);
    await expect(rows(page)).toHaveCount(drawn);
  }
});

test('an annotation that is drawn while the models are loading is kept, and saved ones show', async ({
  page,
}) => {
  await openWithAnnotations(page);
  await drawRectangle(page);
  await page.route('**/models/index.json', () => undefined);
  for (const drawn of [1, 2]) {
    await page.goto(address);
    await expect(rows(page)).toHaveCount(drawn);
    await drawRectangle(page);
  }
  await page.unroute('**/models/index.json');
  await openWithAnnotations(page);
  await expect(rows(page)).toHaveCount(3);
});

test('an open tab of an earlier version is named, and closing it helps', async ({ page, context }) => {
  await page.goto('/models/index.json');
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        const opening = indexedDB.open('dualscope.annotations', 1);
        opening.onupgradeneeded = () => void opening.result.createObjectStore('slides');
        opening.onsuccess = resolve;
      }),
  );
  const other = await context.newPage();
  await openWithAnnotations(other);
  await expect(note(other)).toContainText('A tab with an earlier version of Dualscope is open. Close it.');
  await drawRectangle(other);
  await page.close();
  await note(other).getByRole('button', { name: 'Try again' }).click();
  await expect(note(other)).toHaveCount(0);
  await other.reload();
  await expect(rows(other)).toHaveCount(1);
});

test('annotations of earlier versions are taken over, also next to some that can not be read', async ({
  page,
}) => {
  await openWithAnnotations(page);
  await drawRectangle(page);
  await expect.poll(async () => (await stored(page)).length).toBe(1);
  const [fingerprint] = (await stored(page))[0]![0] as [string];
  await page.goto('/models/index.json');
  await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const deleting = indexedDB.deleteDatabase('dualscope.annotations');
        deleting.onsuccess = resolve;
        deleting.onerror = deleting.onblocked = reject;
      }),
  );
  const shape = { label: 'scar', outer: [0, 0, 900, 0, 900, 900], holes: [] };
  await store(page, 1, 'slides', fingerprint, {
    version: 1,
    annotations: [
      { ...shape, id: '1' },
      { ...shape, id: '2', outer: [Infinity, 0, 1, 1, 2, 2] },
      { ...shape, id: '3' },
    ],
    truth: null,
  });
  await openWithAnnotations(page);
  await expect(rows(page)).toHaveCount(2);
  await expect(page.getByTestId('notice')).toContainText(`1 saved annotation can't be read: "scar".`);
  expect(await stored(page, 'slides')).toEqual([]);
  // A record of a later version stays as it is, whatever happens to the others.
  const later = { version: 3, shapes: 'unknown' };
  await store(page, 2, 'records', [fingerprint, 'annotation', 'later', 1, 'w'], later);
  await page.reload();
  await expect(page.getByTestId('notice')).toContainText(`2 saved annotations can't be read: "scar", later.`);
  await drawRectangle(page);
  await expect(rows(page)).toHaveCount(3);
  await page.reload();
  await expect(rows(page)).toHaveCount(3);
  const values = (await stored(page)).map(([, value]) => value);
  expect(values).toHaveLength(5);
  expect(values).toContainEqual(later);
  expect(values).toContainEqual(expect.objectContaining({ outer: [Infinity, 0, 1, 1, 2, 2] }));
});

test('two tabs with one slide show the same annotations, and both keep their edits', async ({
  page,
  context,
}) => {
  await openWithAnnotations(page);
  const other = await context.newPage();
  await openWithAnnotations(other);
  await drawRectangle(page);
  await expect(rows(other)).toHaveCount(1);
  await Promise.all([drawRectangle(page), drawRectangle(other)]);
  await expect(rows(page)).toHaveCount(3);
  await expect(rows(other)).toHaveCount(3);
  await rows(other).first().click();
  await other.getByTestId('annotation-class').selectOption({ index: 1 });
  const label = await rows(other).first().textContent();
  await expect(rows(page).first()).toHaveText(label!);
  // Undo takes back this tab's own last edit, not the other's.
  await page.getByTestId('command-annotate.undo').first().click();
  await expect(rows(page)).toHaveCount(2);
  await expect(rows(other)).toHaveCount(2);
  await expect(rows(page).first()).toHaveText(label!);
  await page.reload();
  await expect(rows(page)).toHaveCount(2);
  expect(await stored(page)).toHaveLength(2);
  await expect(page.getByTestId('notice')).toHaveCount(0);
});

test('annotations that can not be saved are said to be, tried again, and can be exported', async ({
  page,
  context,
}) => {
  await allowFaults(context);
  await openWithAnnotations(page);
  await setFault(page, 'write');
  await drawRectangle(page);
  await expect(note(page)).toContainText('Changes not saved');
  await expect(page.getByTestId('notice')).toContainText("Annotations and bookmarks can't be saved.");
  await page.keyboard.press('Escape');
  const download = page.waitForEvent('download');
  await page.getByTestId('annotations-section').getByRole('button', { name: 'Export' }).click();
  expect(readFileSync(await (await download).path(), 'utf8')).toContain('FeatureCollection');
  // Leaving asks first.
  const asked = page.waitForEvent('dialog');
  const closing = page.close({ runBeforeUnload: true });
  const dialog = await asked;
  expect(dialog.type()).toBe('beforeunload');
  await dialog.dismiss();
  await closing;
  await expect(page.getByTestId('notice').getByRole('button', { name: 'Try again' })).toBeVisible();
  // The page keeps trying by itself.
  await setFault(page, 'none');
  await expect(note(page)).toHaveCount(0);
  await expect(page.getByTestId('notice')).toHaveCount(0);
  await page.reload();
  await expect(rows(page)).toHaveCount(1);
});

test('annotations that can not be read are not taken for none, and come back with another try', async ({
  page,
  context,
}) => {
  await allowFaults(context);
  await openWithAnnotations(page);
  await drawRectangle(page);
  await expect.poll(async () => (await stored(page)).length).toBe(1);
  await setFault(page, 'read');
  await page.reload();
  await expect(note(page)).toContainText('Annotations not read');
  await expect(note(page)).toContainText('The disk does not answer.');
  await drawRectangle(page);
  await expect(rows(page)).toHaveCount(1);
  await page.keyboard.press('Escape');
  const download = page.waitForEvent('download');
  await page.getByTestId('annotations-section').getByRole('button', { name: 'Export' }).click();
  await download;
  await note(page).getByRole('button', { name: 'Try again' }).click();
  await expect(note(page)).toBeVisible();
  await setFault(page, 'none');
  expect(await stored(page)).toHaveLength(1);
  await note(page).getByRole('button', { name: 'Try again' }).click();
  await expect(rows(page)).toHaveCount(2);
  await expect(note(page)).toHaveCount(0);
  await page.reload();
  await expect(rows(page)).toHaveCount(2);
});

/** Waits until the view stands still and answers to a key. */
async function expectUsable(page: Page): Promise<void> {
  await settle(page);
  await expect(page.getByTestId('magnification')).toHaveText(/×/);
  await page.keyboard.press('Home');
  await settle(page);
}

test('sessions with impossible views and values open with the rest, and leave the page usable', async ({
  page,
}) => {
  test.setTimeout(300_000);
  await serveTinyModels(page);
  await openBySlideAddress(page, 'slides/phantom-1.tif', '&model=tiny-wide');
  await expect(page.getByTestId('backend')).toBeVisible();
  await runWholeSlide(page, 200_000);
  await page.getByTestId('command-panel.annotations').click();
  await drawRectangle(page);
  await page.keyboard.press('Escape');
  const download = page.waitForEvent('download');
  await page.keyboard.press('Control+s');
  const session = readFileSync(await (await download).path(), 'utf8');
  for (const [x, scale] of [
    ['1e200', '1e300'],
    ['-1e200', '1e-20'],
    ['1e999', '1e-300'],
  ]) {
    const hostile = session
      .replace(/"view":\{"x":[^,]*/, `"view":{"x":${x}`)
      .replace(/"scale":[^,]*/, `"scale":${scale}`)
      .replace(
        '"annotations":[',
        '"annotations":[{"id":"7","label":"far","outer":[1e999,0,1,1,2,2],"holes":[]},',
      );
    await dropFile(page, 'hostile.dualscope.json', hostile);
    await expect(page.getByTestId('notice')).toContainText('annotation 1 ("far")');
    await expectUsable(page);
    await expect(rows(page)).toHaveCount(1);
  }
});

test('links with impossible views leave the page usable', async ({ page }) => {
  test.setTimeout(300_000);
  await serveTinyModels(page);
  for (const at of ['1e20,1e20,1e300', '-99999999999999999999,5,1e-20,1e300,m']) {
    await openBySlideAddress(page, 'slides/phantom-1.tif', `&model=tiny-wide&at=${at}`);
    await expect(page.getByTestId('backend')).toBeVisible();
    await page.keyboard.press('s');
    await page.waitForFunction(() => window.dualscope!.endedRuns() > 0, undefined, { timeout: 200_000 });
    await expectUsable(page);
  }
});

test('two tabs with one slide show the same bookmarks, and both keep theirs', async ({ page, context }) => {
  const open = async (tab: Page): Promise<void> => {
    await openBySlideAddress(tab, 'slides/CMU-1-Small-Region.svs');
    const panel = tab.getByRole('button', { name: 'Bookmark this view' });
    if (!(await panel.isVisible())) await tab.getByTestId('command-panel.bookmarks').click();
    await expect(panel).toBeVisible();
  };
  const set = (tab: Page): Promise<void> => tab.getByRole('button', { name: 'Bookmark this view' }).click();
  const entries = (tab: Page) => tab.getByTestId('bookmarks').getByRole('listitem');
  await open(page);
  const other = await context.newPage();
  await open(other);
  await set(page);
  await expect(entries(other)).toHaveCount(1);
  await Promise.all([set(page), set(other)]);
  await expect(entries(page)).toHaveCount(3);
  await expect(entries(other)).toHaveCount(3);
  await other.getByTestId('bookmark-note-1').fill('Mitosis?');
  await expect(page.getByTestId('bookmark-note-1')).toHaveValue('Mitosis?');
  await page.getByRole('button', { name: 'Delete bookmark 3' }).click();
  await expect(entries(other)).toHaveCount(2);
  await page.reload();
  await expect(entries(page)).toHaveCount(2);
  await expect(page.getByTestId('bookmark-note-1')).toHaveValue('Mitosis?');
});
