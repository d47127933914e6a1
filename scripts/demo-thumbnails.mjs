/** Makes the thumbnails of the demo slides, public/slides/NAME.thumbnail.jpg: `node scripts/demo-thumbnails.mjs`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import sharp from 'sharp';

const folder = resolve(import.meta.dirname, '../public/slides');
/** Twice the size on the start page, for dense screens. */
const size = { width: 320, height: 200 };

/** @type {{ file: string }[]} */
const demos = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'));
for (const { file } of demos) {
  const picture = await sharp(join(folder, file))
    .resize({ ...size, fit: 'cover' })
    .jpeg({ quality: 78 })
    .toBuffer();
  writeFileSync(join(folder, `${file}.thumbnail.jpg`), picture);
}
