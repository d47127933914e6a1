/** Class, confidence and logits packed into bytes on the device (software adapter): the same bytes as on the processor. */
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { build } from 'esbuild';
import { relativeLogits } from '../src/runtime/relative-logits.ts';
import { mulberry32 } from '../src/runtime/variables.ts';
import type { readDeviceOutputs } from './fixtures/device-outputs.ts';

/** `readDeviceOutputs` and all that it needs, as a script that sets a global. */
async function script(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'fixtures/device-outputs.ts')],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'device',
    logLevel: 'error',
  });
  return outputFiles[0]!.text;
}

test('reads back bytes for one slice and for two, class and confidence to the last bit', async ({ page }) => {
  test.setTimeout(120_000);
  const body = await script();
  await page.route('**/device-outputs.js', (route) =>
    route.fulfill({ contentType: 'text/javascript', body }),
  );
  // WebGPU needs a page of the app's own origin, but not the app.
  const html = '<!doctype html><script src="device-outputs.js"></script>';
  await page.route('**/device-outputs.html', (route) =>
    route.fulfill({ contentType: 'text/html', body: html }),
  );
  await page.goto('/device-outputs.html');

  const size = 6;
  const classes = 5;
  for (const slices of [1, 2]) {
    const random = mulberry32(slices);
    const pixels = slices * size * size;
    // Together, the four bytes of a word exceed the integers that float32 holds exactly.
    const packed = Array.from({ length: pixels }, () => Math.floor(65536 * random()));
    const logits = Float32Array.from({ length: pixels * classes }, () => 40 * random() - 20);
    for (const given of [null, logits]) {
      const read = await page.evaluate(
        ([packed, logits, sizes]) => device.readDeviceOutputs(packed, logits, sizes),
        [packed, given === null ? null : [...given], { size, slices, classes }] as const,
      );
      expect(read.classes).toEqual(packed.map((value) => value >> 8));
      expect(read.confidence).toEqual(packed.map((value) => value & 255));
      const expected = given === null ? new Uint8Array(0) : relativeLogits(given, classes);
      expect(read.logProbabilities).toHaveLength(expected.length);
      // float32 there, float64 here: a root on the boundary may round either way.
      const off = read.logProbabilities.map((byte, i) => Math.abs(byte - expected[i]!));
      expect(Math.max(0, ...off)).toBeLessThanOrEqual(1);
      expect(off.filter((each) => each > 0).length).toBeLessThan(0.02 * expected.length + 1);
      // One byte per value, and nothing is left on the device.
      expect(read.reads).toEqual([pixels * (2 + (given === null ? 0 : classes))]);
      expect(read.leaked).toBe(0);
    }
  }
});

declare const device: { readonly readDeviceOutputs: typeof readDeviceOutputs };
