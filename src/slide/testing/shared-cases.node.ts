/**
 * Kinds of fault that users of slide readers have reported in public, each with files that are read from the shared
 * data next to the checkout, and what is right for them. `cases.test.ts` asserts it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { pathByteSources } from '../path-byte-source.node.ts';
import { readRegion } from '../region.ts';
import { slideFiles } from '../slide-files.node.ts';
import { SlideError, type RgbaImage, type Slide } from '../slide.ts';
import { TileCache } from '../tile-cache.ts';
import { meanDifference } from './images.ts';

export const casesFolder = join(import.meta.dirname, '../../../../shared/data/cases');
export const hasCases = existsSync(casesFolder);

/** What is right for a file: everything that is given must hold. */
interface Right {
  /** A PNG in the case's folder that level 0 looks like, or the size of a slide that has no picture to compare with. */
  readonly picture?: string;
  readonly size?: readonly [width: number, height: number];
  readonly levels?: readonly (readonly [width: number, height: number])[];
  readonly downsamples?: readonly number[];
  /** µm per pixel; null where it must be unknown. */
  readonly mpp?: number | null;
  readonly associated?: readonly string[];
  /** What the metadata must say, and what they must not. */
  readonly says?: RegExp;
  readonly silent?: RegExp;
  /** Colours that a pixel of level 0 may have, by their channels: `true` for one that is not 0. */
  readonly coloured?: boolean;
  /** Every level shows the same, up to this mean difference. */
  readonly sameLevels?: number;
  /** A refusal whose message matches is right (too). */
  readonly refused?: RegExp;
}

export interface SharedCase {
  readonly kind: string;
  /** Paths within the case's folder; a folder stands for its files. */
  readonly files: readonly string[];
  readonly right: Right;
}

const colours = '01-colour-marks-of-the-stream';
const first = '02-first-image-is-not-the-slide';
const padded = '03-padded-pyramids';
const mrxs = '04-mrxs-opens-as-its-thumbnail';
const channels = '05-channels-dropped-silently';
const fragments = '07-dicom-fragments-without-offset-table';
const sparse = '08-dicom-sparse-positions';
const omeFiles = '09-ome-channels-in-other-files';
const omeSize = '10-ome-pixel-size-lost';
const pixelSize = '11-pixel-size-wrong-or-lost';
const readable = '12-readable-tiff-called-damaged';
const aperio = '13-aperio-label-and-thumbnail';
const messages = '19-messages-that-mislead';

const slideSize = [300, 220] as const;
const one = (kind: string, file: string, right: Right): SharedCase => ({ kind, files: [file], right });

export const sharedCases: readonly SharedCase[] = [
  one(colours, 'tiff_photometric_rgb_jfif_ycc420.tif', { picture: 'expected.png' }),
  one(colours, 'tiff_photometric_ycbcr_adobe_rgb.tif', { picture: 'expected.png' }),
  one(colours, 'dicom_pi_rgb_jfif_ycc420.dcm', { picture: 'expected_dcm.png' }),
  one(colours, 'dicom_pi_ybr_full_422_adobe_rgb.dcm', { picture: 'expected_dcm.png' }),
  one(colours, 'dicom_pi_ybr_ict_but_mct0.dcm', { picture: 'expected_dcm.png' }),
  one(first, 'leica.scn', {
    picture: 'expected.png',
    mpp: 0.25,
    downsamples: [1, 4],
    associated: ['macro'],
    silent: /RE9FIEpBTkU/,
  }),
  one(first, 'ventana.bif', { picture: 'ventana_expected.png', refused: /Ventana/ }),
  one(first, 'label_is_image_0.ome.tif', { picture: 'expected.png', mpp: 0.25, associated: ['label'] }),
  one(padded, 'philips.tiff', {
    levels: [
      [384, 256],
      [192, 128],
      [96, 64],
    ],
    downsamples: [1, 2, 4],
    mpp: 0.25,
    sameLevels: 12,
    silent: /UzI0LTAwMDAxIERPRSBKQU5F|base64|\/9j\//,
  }),
  one(padded, 'philips_dicom', {
    levels: [
      [384, 256],
      [192, 128],
      [96, 64],
    ],
    downsamples: [1, 2, 4],
    mpp: 0.25,
    sameLevels: 12,
  }),
  // The folder that lies beside it holds no more than the first lines of a slide.
  one(mrxs, 'slide.mrxs', { refused: /description of this 3DHISTECH slide lacks HIER_COUNT/ }),
  one(mrxs, 'slide', { refused: /description of this 3DHISTECH slide lacks HIER_COUNT/ }),
  one(channels, 'three_channels.qptiff', {
    size: slideSize,
    coloured: true,
    says: /DAPI.*FITC.*Cy3/,
    sameLevels: 40,
  }),
  one(channels, 'imagej_three_channels.tif', { size: slideSize, coloured: true }),
  one('06-dicom-localizer-becomes-a-level', '.', {
    levels: [slideSize, [75, 55]],
    associated: ['localizer'],
  }),
  one(fragments, 'one_frame_three_fragments.dcm', { picture: 'expected.png' }),
  one(fragments, 'four_frames_two_fragments_each.dcm', { picture: 'expected.png' }),
  one(sparse, 'frames_off_the_grid.dcm', { picture: 'frames_off_the_grid_expected.png' }),
  one(sparse, 'frame_beyond_the_matrix.dcm', { picture: 'frame_beyond_the_matrix_expected.png' }),
  one(omeFiles, 'flat_C1.ome.tif', {
    size: slideSize,
    says: /FITC/,
    silent: /"Channels":"DAPI, FITC, TRITC"/,
  }),
  one(omeFiles, 'pyramid_C0.ome.tif', { levels: [slideSize, [150, 110]], says: /DAPI/ }),
  ...['flat', 'pyramid'].map((name): SharedCase => ({
    kind: omeFiles,
    files: [0, 1, 2].map((c) => `${name}_C${c}.ome.tif`),
    right: { size: slideSize, coloured: true, says: /DAPI, FITC, TRITC/, refused: /one OME-TIFF|one file/ },
  })),
  ...['comment_after_the_root', 'prefixed_root', 'unit_character_reference', 'unit_latin1'].map((name) =>
    one(omeSize, `${name}.ome.tif`, { size: slideSize, mpp: 0.25 }),
  ),
  one(pixelSize, 'print_600_dpi.tif', { mpp: null }),
  one(pixelSize, 'print_1200_dpi.tif', { mpp: null }),
  one(pixelSize, 'aperio_mpp_2_comma_017.svs', { mpp: 2.017 }),
  one(pixelSize, 'aperio_mpp_0_comma_5.svs', { mpp: 0.5 }),
  one(pixelSize, 'aperio_without_mpp_with_resolution.svs', { mpp: 0.25 }),
  one(pixelSize, 'imagej_unit_micron.tif', { mpp: 0.25 }),
  one(pixelSize, 'dicom_spacing_absurd.dcm', { mpp: null }),
  one(pixelSize, 'dicom_spacing_per_frame.dcm', { mpp: 0.5 }),
  one(readable, '1100_directories.tif', { size: [16, 16] }),
  ...['subifd_beyond_the_file', 'subifd_offsets_zero', 'subifds_also_in_the_chain'].map((name) =>
    one(readable, `${name}.tif`, { size: slideSize }),
  ),
  one(aperio, 'label_without_description_no_thumbnail.svs', {
    levels: [slideSize],
    associated: ['label', 'macro'],
  }),
  one(aperio, 'gt450_label_macro_without_description.svs', {
    levels: [slideSize, [75, 55]],
    associated: ['thumbnail', 'label', 'macro'],
  }),
  one(aperio, 'thumbnail_is_tiled.svs', {
    levels: [slideSize, [150, 110], [75, 55]],
    // Of another shape than the slide, it may be a label: it is not called a thumbnail, which is shown unasked.
    associated: ['image 1'],
  }),
  one('17-exif-orientation', 'exif6.jpg', { size: [220, 300] }),
  one(messages, 'signed_8_bit.tif', { refused: /are signed/ }),
  one(messages, 'deflated_transfer_syntax.dcm', { says: /"compression":"Deflate"/ }),
  one(messages, 'a.isyntax', { refused: /Philips iSyntax/ }),
  one(messages, 'a.vms', { refused: /Hamamatsu VMS/ }),
  one(messages, 'a.ndpis', { refused: /Hamamatsu NDPIS/ }),
  one(messages, 'a.czi', { refused: /Zeiss CZI/ }),
  one('20-dicom-palette-colour', 'palette.dcm', { picture: 'expected.png', refused: /palette/i }),
  one('21-numbers-and-tags-out-of-range', 'dicom_image_type_of_two_values.dcm', { downsamples: [1] }),
];

const platform = nodePlatform();
const { decoder } = platform;

export interface CaseOutcome {
  readonly state: 'holds' | 'refused' | 'wrong';
  /** What is wrong, or how it was refused; empty where it opens as it should. */
  readonly detail: string;
}

/** Opens a case's files as the product does, and compares. */
export async function outcomeOf({ kind, files, right }: SharedCase): Promise<CaseOutcome> {
  const folder = join(casesFolder, kind);
  let slide: Slide;
  try {
    slide = await openSlide(
      await pathByteSources((await Promise.all(files.map((file) => slideFiles(join(folder, file))))).flat()),
      platform,
    );
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const known = error instanceof SlideError && right.refused?.test(detail) === true;
    return { state: known ? 'refused' : 'wrong', detail };
  }
  try {
    const wrong = await differences(slide, folder, right);
    return { state: wrong.length === 0 ? 'holds' : 'wrong', detail: wrong.join('; ') };
  } catch (error) {
    return { state: 'wrong', detail: error instanceof Error ? error.message : String(error) };
  } finally {
    slide.close();
  }
}

/** A picture's file, which some kinds share. */
function pngOf(folder: string, name: string): Promise<RgbaImage> {
  const own = join(folder, name);
  const path = existsSync(own) ? own : join(casesFolder, colours, name);
  return decoder.decode(new Uint8Array(readFileSync(path)), 'image/png');
}

async function differences(slide: Slide, folder: string, right: Right): Promise<string[]> {
  const { metadata } = slide;
  const wrong: string[] = [];
  const compare = (what: string, actual: unknown, expected: unknown): void => {
    const [a, e] = [JSON.stringify(actual), JSON.stringify(expected)];
    if (expected !== undefined && a !== e) wrong.push(`${what} ${a} instead of ${e}`);
  };
  compare('size', [metadata.width, metadata.height], right.size);
  compare(
    'levels',
    metadata.levels.map(({ width, height }) => [width, height]),
    right.levels,
  );
  const rounded = metadata.levels.map(({ downsample }) => Number(downsample.toFixed(1)));
  compare('downsamples', rounded, right.downsamples);
  const mpp = metadata.mpp === null ? null : Number(metadata.mpp.x.toPrecision(4));
  compare('µm per pixel', mpp, right.mpp);
  compare('associated', metadata.associated.map(({ name }) => name).sort(), right.associated?.toSorted());
  const said = JSON.stringify(metadata);
  if (right.says?.test(said) === false) wrong.push(`does not say ${right.says}`);
  if (right.silent?.test(said) === true) wrong.push(`says ${right.silent}`);
  if (right.refused !== undefined && Object.keys(right).length === 1) wrong.push('opens');
  const read = (level: number, width: number, height: number): Promise<RgbaImage> => {
    const rect = { x: 0, y: 0, width: metadata.width, height: metadata.height };
    return readRegion(slide, rect, width, height, { decoder, level, cache: new TileCache(1e7) });
  };
  if (right.picture !== undefined) {
    const expected = await pngOf(folder, right.picture);
    compare('size', [metadata.width, metadata.height], [expected.width, expected.height]);
    if (metadata.width === expected.width && metadata.height === expected.height) {
      const difference = meanDifference(await read(0, expected.width, expected.height), expected);
      if (!(difference < 3)) wrong.push(`mean difference ${difference.toFixed(1)}`);
    }
  }
  if (right.coloured === true && !isColoured(await read(0, metadata.width, metadata.height)))
    wrong.push('grey');
  if (right.sameLevels !== undefined) {
    const smallest = metadata.levels.at(-1)!;
    const pictures = await Promise.all(
      metadata.levels.map((_, level) => read(level, smallest.width, smallest.height)),
    );
    for (const [level, picture] of pictures.entries()) {
      const difference = meanDifference(picture, pictures[0]!);
      if (difference > right.sameLevels) wrong.push(`level ${level} differs by ${difference.toFixed(1)}`);
    }
  }
  return wrong;
}

/** Whether channels differ in many pixels. */
function isColoured({ data }: RgbaImage): boolean {
  let coloured = 0;
  for (let o = 0; o < data.length; o += 4) {
    if (Math.max(data[o]!, data[o + 1]!, data[o + 2]!) - Math.min(data[o]!, data[o + 1]!, data[o + 2]!) > 20)
      coloured++;
  }
  return coloured * 40 > data.length;
}
