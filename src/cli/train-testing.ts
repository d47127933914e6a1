/** For tests of `train`: a tiny network, and images of stripes for it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'fast-png';

/** Side of the images, pixels. */
const side = 96;

export const tinyConfig = {
  preset: 'nano-attention',
  id: 'tiny',
  title: 'Tiny',
  description: 'A test.',
  geometry: { slicePx: 32, sliceFieldUm: 32, contextPx: 32, contextFieldUm: 96 },
  regions: 'lattice',
  seed: 1,
  steps: 4,
  batch: 4,
  accumulate: 2,
  sampling: [1, 1, 1, 1],
  contextLoss: 0,
  batchNorm: 'batch',
  dice: 0.5,
  optimiser: {
    kind: 'sgd',
    momentum: 0.9,
    weightDecay: 1e-5,
    stages: [{ steps: 2, encoderRate: 0.01, decoderRate: 0.02 }],
  },
  validation: { patients: ['B'], every: 2 },
  classes: ['a', 'b', 'c', 'd'].map((name, i) => ({ name, colour: `#00${i}000`, background: i === 0 })),
  data: { mpp: 1, heldOutPatients: ['C'] },
  provenance: {
    data: 'stripes',
    synthetic: true,
    dataLicence: 'Apache-2.0',
    licence: 'Apache-2.0',
    split: 'by patient',
    intendedUse: 'Tests.',
  },
};

/** Writes a dataset of three patients. @param data a folder that does not exist. */
export async function writeStripes(data: string): Promise<void> {
  await mkdir(join(data, 'images'), { recursive: true });
  await mkdir(join(data, 'masks'));
  const classes = Uint8Array.from({ length: side * side }, (_, i) => Math.floor((i % side) / (side / 4)));
  const rgb = Uint8Array.from({ length: side * side * 3 }, (_, i) => 60 * classes[Math.floor(i / 3)]!);
  for (const name of ['a', 'b', 'c']) {
    const png = (pixels: Uint8Array, channels: 1 | 3): Uint8Array =>
      encode({ width: side, height: side, data: pixels, channels, depth: 8 });
    await writeFile(join(data, 'masks', `${name}.png`), png(classes, 1));
    await writeFile(join(data, 'images', `${name}.png`), png(rgb, 3));
  }
  await writeFile(join(data, 'index.csv'), 'name,patient\na,A\nb,B\nc,C\n');
}
