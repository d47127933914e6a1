/**
 * For the test of the lock: a process that takes one lock again and again and reports how often it was not alone. Every other
 * time it leaves the lock as a process does that was killed.
 */
import { mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { acquireOutputLock } from './output-lock.node.ts';

const [folder = '', rounds = '0', startAt = '0', dead = ''] = process.argv.slice(2);
const times = { touchMs: 60_000, pollMs: 1, staleMs: 60_000 };
const path = join(folder, 'contended.lock');
const inside = join(folder, 'inside');
let double = 0;
await new Promise((resolve) => setTimeout(resolve, Number(startAt) - Date.now()));
for (let round = 0; round < Number(rounds); round++) {
  const lock = await acquireOutputLock(path, { onWait: () => undefined, times });
  let isAlone = true;
  try {
    mkdirSync(inside);
  } catch {
    isAlone = false;
    double++;
  }
  await new Promise((resolve) => setTimeout(resolve, 1));
  if (isAlone) rmdirSync(inside);
  if (round % 2 === 0) {
    await lock.release();
    continue;
  }
  const [own = ''] = readdirSync(path).filter((name) => name.endsWith('.json'));
  writeFileSync(join(path, own), dead);
}
process.stdout.write(JSON.stringify({ rounds: Number(rounds), double }));
