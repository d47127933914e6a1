/**
 * `npm test`: every check in turn. A stage that fails does not keep the later ones from running. Ends with
 * one line `N passed, N failed` (`, N skipped` may follow): each static check and the build count as one,
 * unit and browser tests one by one.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { countPlaywright, countVitest } from './test-counts.mjs';

/** @typedef {import('./test-counts.mjs').Counts} Counts */

const root = resolve(import.meta.dirname, '..');
const reports = join(root, 'test-results', 'reports');
const unitReport = join(reports, 'unit.json');
const browserReport = join(reports, 'browser.json');

/** @param {string} name @param {string} script */
const tool = (name, script) => join(root, 'node_modules', name, script);

/**
 * @typedef {object} Stage
 * @property {string} name
 * @property {string} script what node runs
 * @property {string[]} words its arguments
 * @property {Record<string, string>} [env]
 * @property {{ file: string, count: (report: unknown) => Counts }} [report] counts of single tests
 */

/** @type {readonly Stage[]} */
const stages = [
  { name: 'format', script: tool('prettier', 'bin/prettier.cjs'), words: ['--check', '.'] },
  { name: 'lint', script: tool('eslint', 'bin/eslint.js'), words: ['.', '--max-warnings', '0'] },
  { name: 'types', script: tool('typescript', 'bin/tsc'), words: ['--noEmit'] },
  {
    name: 'layers',
    script: tool('dependency-cruiser', 'bin/dependency-cruise.mjs'),
    words: ['src', '--config', '.dependency-cruiser.cjs'],
  },
  {
    name: 'unit tests',
    script: tool('vitest', 'vitest.mjs'),
    words: ['run', '--reporter=dot', '--reporter=json', `--outputFile.json=${unitReport}`],
    report: { file: unitReport, count: countVitest },
  },
  { name: 'build', script: tool('vite', 'bin/vite.js'), words: ['build', '--logLevel', 'warn'] },
  {
    name: 'browser tests',
    script: tool('@playwright/test', 'cli.js'),
    words: ['test', '--reporter=list,json'],
    env: { PLAYWRIGHT_JSON_OUTPUT_FILE: browserReport },
    report: { file: browserReport, count: countPlaywright },
  },
];

/**
 * Runs one stage to its end.
 * @param {Stage} stage
 * @returns {Counts}
 */
function run(stage) {
  const { status, error } = spawnSync(process.execPath, [stage.script, ...stage.words], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...stage.env },
  });
  const ended = error === undefined && status === 0;
  if (stage.report === undefined) {
    return { passed: ended ? 1 : 0, failed: ended ? 0 : 1, skipped: 0 };
  }
  if (!existsSync(stage.report.file)) return { passed: 0, failed: 1, skipped: 0 };
  const counts = stage.report.count(JSON.parse(readFileSync(stage.report.file, 'utf8')));
  // A runner that failed without a failed test (an error outside tests), or ran none, has failed as such.
  const silent = (!ended && counts.failed === 0) || counts.passed + counts.failed === 0;
  return silent ? { ...counts, failed: 1 } : counts;
}

rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });

const total = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const lines = [];
for (const stage of stages) {
  process.stdout.write(`\n== ${stage.name}\n`);
  const begun = performance.now();
  const counts = run(stage);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  const line = `${stage.name.padEnd(14)} ${seconds.padStart(6)} s  ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
  lines.push(line);
  process.stdout.write(`-- ${line}\n`);
}

const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
process.stdout.write(`\n${lines.join('\n')}\n\n${total.passed} passed, ${total.failed} failed${skipped}\n`);
