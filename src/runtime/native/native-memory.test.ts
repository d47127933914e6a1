/** Memory of native inference, in a process of its own whose garbage can be collected on demand. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';

const program = `
import path from 'node:path';
import { fromFolder } from './src/runtime/load-model.node.ts';
import { startNodeBackend } from './src/runtime/native/start-backend.node.ts';

const backend = await startNodeBackend('cpu', [], { threads: 1 });
const segmenter = await backend.loadModel('nano-attention', fromFolder(path.resolve('models/nano-attention')));
const blank = (side) => ({ width: side, height: side, data: new Uint8ClampedArray(4 * side * side).fill(200) });
const slices = async () => {
  for (let i = 0; i < 200; i++) {
    const features = segmenter.encodeContext(blank(128));
    await segmenter.segment(blank(128), features, { x: 0.2, y: 0.2, size: 0.2 }, { logProbabilities: true });
    features.dispose();
  }
  // Memory of tensors is freed in two steps: the object first, its bytes after a turn of the event loop.
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return process.memoryUsage().rss;
};
const sizes = [];
for (let round = 0; round < 6; round++) sizes.push(await slices());
segmenter.dispose();
process.stdout.write(JSON.stringify(sizes));
`;

it('keeps nothing of 200 slices, and leaves nothing behind that keeps the process alive', async () => {
  const root = path.resolve(import.meta.dirname, '../../..');
  const words = ['--expose-gc', '--import', 'tsx', '--input-type=module', '--eval', program];
  const child = spawn(process.execPath, words, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const sizes = JSON.parse(await text(child.stdout)) as number[];
  expect((await ended)[0]).toBe(0);
  const growth = sizes.slice(1).map((size, round) => size - sizes[round]!);
  // The outputs alone of 200 slices have 20 MB, their features several times that: what is kept grows in every round. The
  // allocator takes more memory now and then, in single rounds.
  expect(Math.min(...growth), growth.join(', ')).toBeLessThan(4e6);
}, 120_000);
