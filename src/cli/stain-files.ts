/** Writes what `dualscope stain` separates: a map of grades as TIFF, or a grey picture of each stain as PNG. */
import { dirname, extname } from 'node:path';
import sharp from 'sharp';
import { FileSet } from '../base/file-set.node.ts';
import { lockOf, withOutputLock } from '../base/output-lock.node.ts';
import { writePart } from '../base/replace-file.node.ts';
import { MapTiff, tileSizeFor, type MapClasses } from '../export/map-tiff.ts';
import type { SlideArea } from '../segment/area.ts';
import { noClass } from '../segment/class-map.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import { readRegion } from '../slide/region.ts';
import type { Slide } from '../slide/slide.ts';
import { zlibDeflate } from '../slide/tiff-writer/zlib-deflate.node.ts';
import { Deconvolution, defaultFullScale, StainPainter, type StainIndex } from '../stain/deconvolve.ts';
import { gradeOf } from '../stain/h-score.ts';
import { measuredSize, readBlock, type BlockOptions } from '../stain/stained-blocks.ts';
import { CommandError, wrongOptions } from './command.ts';
import { createFolder } from './create-folder.ts';
import { boundsOnSlide, type PreparedStain } from './stain-run.ts';
import { rejectTaken } from './taken-output.ts';

/** Pale to brown, as the stain is. */
const grades: MapClasses = [
  { name: 'negative', background: false, colour: '#9db4d6' },
  { name: 'weak', background: false, colour: '#f2d16b' },
  { name: 'moderate', background: false, colour: '#e08a3c' },
  { name: 'strong', background: false, colour: '#8c2d19' },
];

/** Most pixels of a PNG, which is made in memory. */
const mostPngPixels = 2 ** 26;

export interface StainFilesCall {
  readonly out: string;
  readonly area: SlideArea;
  readonly stain: StainIndex;
  readonly overwrite: boolean;
}

/** @throws CommandError for a name that ends in neither .tif, .tiff nor .png. */
export function checkOut(out: string): void {
  if (/\.(tiff?|png)$/i.test(out)) return;
  throw wrongOptions(`${out}: Give --out a name that ends in .tif (map of grades) or .png (one per stain).`);
}

/**
 * @returns the files' paths.
 * @throws CommandError when a file exists or a picture is too large; SlideError
 */
export async function writeStains(
  slide: Slide,
  prepared: PreparedStain,
  call: StainFilesCall,
): Promise<string[]> {
  const { out, overwrite } = call;
  const isPng = /\.png$/i.test(out);
  const files = isPng ? prepared.names.map((name) => pngName(out, name)) : [out];
  if (!overwrite) for (const file of files) await rejectTaken(file);
  await createFolder(dirname(out));
  await withOutputLock(lockOf(out), async () => {
    if (!overwrite) for (const file of files) await rejectTaken(file);
    if (isPng) await writePngs(slide, prepared, call, files);
    else await writeMap(slide, prepared, call);
  });
  return files;
}

/** `stains.png` of DAB is `stains-dab.png`. */
function pngName(out: string, stain: string): string {
  const ending = extname(out);
  return `${out.slice(0, -ending.length)}-${stain.toLowerCase().replace(' ', '-')}${ending}`;
}

/** Grey pictures of the area's bounds: white is none of the stain, black `defaultFullScale` or more. */
async function writePngs(
  slide: Slide,
  { separation, scale, names }: PreparedStain,
  { out, area }: StainFilesCall,
  files: readonly string[],
): Promise<void> {
  const rect = boundsOnSlide(area, slide.metadata);
  const width = Math.max(1, Math.round(rect.width / scale.x));
  const height = Math.max(1, Math.round(rect.height / scale.y));
  if (width * height > mostPngPixels) {
    throw new CommandError(
      `${out}: A picture of ${width} × ${height} pixels is too large. Raise --mpp, give an area, or write a .tif.`,
    );
  }
  const { decoder } = nodePlatform();
  const { data } = await readRegion(slide, rect, width, height, { decoder });
  const set = await FileSet.open(`${out}.commit`, files);
  try {
    for (const [i] of names.entries()) {
      const painter = new StainPainter(separation, i as StainIndex, {
        look: 'grey',
        fullScale: defaultFullScale,
      });
      const grey = sharp(painter.paint(data), { raw: { width, height, channels: 4 } })
        .removeAlpha()
        .toColourspace('b-w')
        .png()
        .withExif({ IFD0: { ImageDescription: 'Dualscope, research use only' } });
      await set.add(files[i]!, await grey.toBuffer());
    }
    await set.commit();
  } catch (error) {
    await set.discard();
    throw error;
  }
}

/** The whole slide, a strip of blocks in memory at a time. */
async function writeMap(
  slide: Slide,
  { separation, scale, tissue, thresholds, umPerPx, names }: PreparedStain,
  { out, area, stain }: StainFilesCall,
): Promise<void> {
  const { width, height } = measuredSize(slide.metadata, scale);
  const deconvolution = new Deconvolution(separation);
  const side = tileSizeFor(width, height);
  const { decoder } = nodePlatform();
  const options: BlockOptions = { slide, decoder, area, scale, tissue, side };
  await writePart(out, async (part) => {
    const about = `${names[stain]} of ${slide.metadata.name}, optical densities from ${thresholds.join(', ')}`;
    const map = MapTiff.ofClasses(
      { sink: part, width, height, umPerPx, about, deflate: zlibDeflate },
      grades,
    );
    for (let row = 0; row < height; row += side) {
      const down = Math.min(side, height - row);
      const strip = new Uint8Array(width * down).fill(noClass);
      for (let column = 0; column < width; column += side) {
        const across = Math.min(side, width - column);
        const read = await readBlock({ column, row, width: across, height: down }, options);
        if (read === null || read === 'broken') continue;
        const amounts = deconvolution.amounts(read.rgba, stain);
        for (let pixel = 0; pixel < amounts.length; pixel++) {
          if (read.counted !== null && read.counted[pixel] !== 1) continue;
          const at = Math.floor(pixel / across) * width + column + (pixel % across);
          strip[at] = gradeOf(amounts[pixel]!, thresholds);
        }
      }
      await map.push(strip, width, down);
    }
    await map.finish();
  });
}
