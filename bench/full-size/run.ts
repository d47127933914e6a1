/**
 * Every system of the paper at full width, with random weights: one slice with its context by the eager interpreter,
 * natively and in the page, and how far the classes agree.
 *
 *     npx tsx bench/full-size/run.ts [--px 256] [PRESET …]
 *
 * Prints one row of a Markdown table per preset as it is done; `largest class` is the share of the commonest class, so
 * that one sees that agreement is not that of an even map. Random weights give less certain classes than trained
 * ones, so more pixels than usual lie so near a border between classes that rounding decides.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { presets } from '../../src/model/presets.ts';
import { withBenchPage } from '../chromium-page.ts';
import { agreement, largestShare, type RowTimes } from './row.ts';

const { values, positionals } = parseArgs({
  options: { px: { type: 'string', default: '256' } },
  allowPositionals: true,
});
const root = resolve(import.meta.dirname, '../..');
const ofThePaper = presets.filter(({ id }) => !/^(compact|nano)-/.test(id)).map(({ id }) => id);
const wanted = positionals.length > 0 ? positionals : ofThePaper;
const run = promisify(execFile);

/** @returns the last line that the script prints. */
async function script(file: string, words: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, ['--import', 'tsx', file, ...words], { cwd: root });
  return stdout.trim().split('\n').at(-1) ?? '';
}

async function inNode(runtime: 'eager' | 'native', folder: string, id: string): Promise<Row> {
  const file = join(folder, `${runtime}.classes`);
  const line = await script('bench/full-size/one-runtime.ts', [runtime, folder, file, id]);
  return { ...(JSON.parse(line) as RowTimes), classes: await readFile(file) };
}

interface Row extends RowTimes {
  readonly classes: ArrayLike<number>;
}

function inPage(folder: string): Promise<Row> {
  return withBenchPage('full-size', ({ page, urlOf }) =>
    page.evaluate(
      (url) => (window as unknown as { measure: (url: string) => Promise<Row> }).measure(url),
      `${urlOf(folder)}/`,
    ),
  );
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
const cells = ({ ms, megabytes }: RowTimes): string[] => [ms.toFixed(0), megabytes.toFixed(0)];
const line = (words: readonly string[]): void => console.log(`| ${words.join(' | ')} |`);

line([
  'preset',
  'GMAC',
  'largest class',
  'eager ms',
  'MB',
  'native ms',
  'MB',
  'as eager',
  'page ms',
  'MB',
  'as eager',
]);
line(['---', ...Array.from({ length: 10 }, () => '--:')]);
for (const id of wanted) {
  const folder = await mkdtemp(join(tmpdir(), 'dualscope-full-size-'));
  try {
    await script('scripts/export-untrained.ts', [id, folder, values.px, '--write-only']);
    const { macs } = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as {
      readonly macs: number;
    };
    const eager = await inNode('eager', folder, id);
    const native = await inNode('native', folder, id);
    const page = await inPage(folder);
    const rows = [native, page].flatMap((row) => [
      ...cells(row),
      percent(agreement(row.classes, eager.classes)),
    ]);
    line([
      `\`${id}\``,
      (macs / 1e9).toFixed(1),
      percent(largestShare(eager.classes)),
      ...cells(eager),
      ...rows,
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
