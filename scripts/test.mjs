/**
 * `npm test`: runs every check. Static checks and builds use one core each and run two at a time; tests use all cores
 * and run one stage after the other. All stages run even if one fails. The last line is `N passed, N failed`, and
 * `, N skipped` if any were. Each static check and each build counts as one, unit and browser tests count one by one.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { countPlaywright, countVitest } from './test-counts.mjs';

/** @typedef {import('./test-counts.mjs').Counts} Counts */

const root = resolve(import.meta.dirname, '..');
const reports = join(root, 'test-results', 'reports');
const unitReport = join(reports, 'unit.json');
const screensReport = join(reports, 'screens.json');
const timedReport = join(reports, 'timed.json');

/** @param {string} name @param {string} script */
const tool = (name, script) => join(root, 'node_modules', name, script);

/**
 * @typedef {object} Stage
 * @property {string} name
 * @property {string} script what node runs
 * @property {string[]} words its arguments
 * @property {Record<string, string>} [env]
 * @property {{ file: string, count: (report: unknown) => Counts }} [report] counts of individual tests
 */

/** @type {Stage} */
const lint = { name: 'lint', script: tool('eslint', 'bin/eslint.js'), words: ['.', '--max-warnings', '0'] };
/** @type {readonly Stage[]} */
const otherChecks = [
  { name: 'format', script: tool('prettier', 'bin/prettier.cjs'), words: ['--check', '.'] },
  { name: 'types', script: tool('typescript', 'bin/tsc'), words: ['--noEmit'] },
  {
    name: 'layers',
    script: tool('dependency-cruiser', 'bin/dependency-cruise.mjs'),
    words: ['src', '--config', '.dependency-cruiser.cjs'],
  },
  { name: 'command line', script: join(root, 'scripts', 'build-cli.mjs'), words: [] },
  { name: 'build', script: tool('vite', 'bin/vite.js'), words: ['build', '--logLevel', 'warn'] },
];
/** @type {readonly Stage[]} */
const tests = [
  {
    name: 'unit tests',
    script: tool('vitest', 'vitest.mjs'),
    words: ['run', '--reporter=dot', '--reporter=json', `--outputFile.json=${unitReport}`],
    report: { file: unitReport, count: countVitest },
  },
  // More tests than cores: a test waits for a time limit or for its browser a part of its time.
  browserTests(
    'screens',
    ['--project=webgpu', '--project=engine', '--project=screens', '--project=visual', '--workers=2'],
    screensReport,
  ),
  browserTests('timed', ['--project=timed', '--project=firefox', '--workers=1'], timedReport),
];

/**
 * @param {string} name
 * @param {string[]} words
 * @param {string} file
 * @returns {Stage}
 */
function browserTests(name, words, file) {
  return {
    name: `browser: ${name}`,
    script: tool('@playwright/test', 'cli.js'),
    words: ['test', '--reporter=list,json', ...words],
    env: { PLAYWRIGHT_JSON_OUTPUT_FILE: file },
    report: { file, count: countPlaywright },
  };
}

/**
 * Runs a program until it exits.
 * @param {Stage} stage
 * @param {'inherit' | 'pipe'} output
 * @returns {Promise<{ ended: boolean, text: string }>} `text` is its output if that is not inherited
 */
function program(stage, output) {
  return new Promise((done) => {
    const child = spawn(process.execPath, [stage.script, ...stage.words], {
      cwd: root,
      stdio: ['inherit', output, output],
      env: { ...process.env, ...stage.env },
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part) => (text += String(part)));
    child.once('error', (error) => done({ ended: false, text: `${text}${error.message}\n` }));
    child.once('close', (status) => done({ ended: status === 0, text }));
  });
}

/**
 * @param {Stage} stage
 * @param {boolean} ended whether its program succeeded
 * @returns {Counts}
 */
function countsOf(stage, ended) {
  if (stage.report === undefined) {
    return { passed: ended ? 1 : 0, failed: ended ? 0 : 1, skipped: 0 };
  }
  if (!existsSync(stage.report.file)) return { passed: 0, failed: 1, skipped: 0 };
  const counts = stage.report.count(JSON.parse(readFileSync(stage.report.file, 'utf8')));
  // A runner that failed without a failed test (an error outside tests), or ran no test, counts as a failure.
  const silent = (!ended && counts.failed === 0) || counts.passed + counts.failed === 0;
  return silent ? { ...counts, failed: 1 } : counts;
}

/**
 * Runs stages one after the other and records their counts.
 * @param {readonly Stage[]} stages
 * @param {'inherit' | 'pipe'} output `pipe`: prints a stage's output in one piece when it has ended
 */
async function run(stages, output) {
  for (const stage of stages) {
    if (output === 'inherit') process.stdout.write(`\n== ${stage.name}\n`);
    const begun = performance.now();
    const { ended, text } = await program(stage, output);
    const counts = countsOf(stage, ended);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
    const line = `${stage.name.padEnd(16)} ${seconds.padStart(6)} s  ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
    lines.push(line);
    if (output === 'pipe') process.stdout.write(`\n== ${stage.name}\n${text}`);
    process.stdout.write(`-- ${line}\n`);
  }
}

rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });

const total = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const lines = [];
await Promise.all([run([lint], 'pipe'), run(otherChecks, 'pipe')]);
await run(tests, 'inherit');

const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
process.stdout.write(`\n${lines.join('\n')}\n\n${total.passed} passed, ${total.failed} failed${skipped}\n`);
