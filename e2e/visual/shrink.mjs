/** Packs the baselines of visual.spec.ts more tightly, without loss: Playwright's PNG are three times as large. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

for (const name of readdirSync(import.meta.dirname).filter((entry) => entry.endsWith('.png'))) {
  const path = join(import.meta.dirname, name);
  const before = readFileSync(path);
  const after = await sharp(before).png({ compressionLevel: 9, effort: 10 }).toBuffer();
  if (after.length < before.length) writeFileSync(path, after);
}
