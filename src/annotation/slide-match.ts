/** Whether annotations belong to a slide: by where they lie, and by what their file says of its slide. */
import { fileStem } from '../base/file-name.ts';
import { edgesOfRings } from '../base/polygon.ts';
import type { AnnotatedSlide, AnnotationFile } from './annotation-file.ts';
import type { RegionList } from './region-list.ts';

/** µm per pixel that differ by more than this share are those of another slide or resolution. */
const mppTolerance = 0.05;

/** The number of regions that lie wholly outside of a slide. */
export function countOffSlide(
  regions: readonly { readonly outer: ArrayLike<number> }[],
  slide: Pick<AnnotatedSlide, 'width' | 'height'>,
): number {
  return regions.filter(({ outer }) => shareOn(outer, slide) === 0).length;
}

/** The file with what speaks of another slide in its doubts. */
export function matchedToSlide(file: AnnotationFile, slide: AnnotatedSlide | null): AnnotationFile {
  if (slide === null) return file;
  const { doubts, offSlide } = doubtsOf(file.regions, file.mpp, slide);
  return { ...file, offSlide, doubts: [...file.doubts, ...doubts] };
}

/**
 * What speaks of another slide: where the outlines lie, and the pixel size at which they were drawn.
 * @param mpp µm per pixel that the file gives; null without.
 */
export function doubtsOf(
  outlines: readonly { readonly outer: ArrayLike<number> }[],
  mpp: number | null,
  slide: AnnotatedSlide,
): Pick<AnnotationFile, 'doubts' | 'offSlide'> {
  const offSlide = countOffSlide(outlines, slide);
  return { offSlide, doubts: [...placeDoubts(outlines, offSlide, slide), ...resolutionDoubts(mpp, slide)] };
}

/** Share of a region's bounding box that lies on the slide; one that only touches it is off. */
function shareOn(outer: ArrayLike<number>, slide: Pick<AnnotatedSlide, 'width' | 'height'>): number {
  const { left, top, right, bottom } = edgesOfRings([outer]);
  const along = (from: number, to: number, end: number): number => {
    if (to <= 0 || from >= end) return 0;
    return to === from ? 1 : (Math.min(to, end) - Math.max(from, 0)) / (to - from);
  };
  return along(left, right, slide.width) * along(top, bottom, slide.height);
}

function placeDoubts(
  regions: readonly { readonly outer: ArrayLike<number> }[],
  off: number,
  slide: AnnotatedSlide,
): string[] {
  const mostly = regions.filter(({ outer }) => shareOn(outer, slide) < 0.5).length;
  if (mostly === 0) return [];
  const { left, top, right, bottom } = edgesOfRings(regions.map(({ outer }) => outer));
  const size = `${slide.name} (${slide.width} × ${slide.height} pixels)`;
  const reach = `the regions reach from ${corner(left, top)} to ${corner(right, bottom)}`;
  const how = off === mostly ? 'wholly' : off === 0 ? 'mostly' : 'wholly or mostly';
  return [
    `${mostly} of ${regions.length} ${regions.length === 1 ? 'region' : 'regions'} ${mostly === 1 ? 'lies' : 'lie'} ${how} outside of ${size}; ${reach}.`,
  ];
}

const corner = (x: number, y: number): string => `${Math.round(x)}, ${Math.round(y)}`;

function resolutionDoubts(mpp: number | null, slide: AnnotatedSlide): string[] {
  const own = slide.mpp?.x ?? null;
  if (mpp === null || own === null || Math.abs(mpp / own - 1) <= mppTolerance) return [];
  return [
    `It was made at ${roundMpp(mpp)} µm per pixel, but ${slide.name} has ${roundMpp(own)} µm per pixel.`,
  ];
}

const roundMpp = (value: number): number => Number(value.toPrecision(4));

/** Adds a doubt where a file names images and none of them is the slide. @param names empty ones do not count. */
export function checkName(names: readonly string[], slide: AnnotatedSlide | null, list: RegionList): void {
  const [first] = names.filter((name) => name !== '');
  if (slide === null || first === undefined || names.some((name) => isNameOf(name, slide))) return;
  list.doubt(`It names the image ${shortName(first)}, not ${slide.name}.`);
}

/** Whether a file's name is that of the slide, apart from folder, case and extension. */
export function isNameOf(named: string, slide: Pick<AnnotatedSlide, 'name'>): boolean {
  return plainStem(named) === plainStem(slide.name);
}

function plainStem(name: string): string {
  const file = name.replaceAll('\\', '/').split('/').at(-1) ?? '';
  return fileStem(file.replace(/(?<=.)\.ome(?=\.)/i, '')).toLowerCase();
}

/** A name from a file, short enough for a message. */
export function shortName(name: string): string {
  return name.length > 80 ? `${name.slice(0, 79)}…` : name;
}

/**
 * How pixels of an image that a file declares lie on the slide: the whole number of level-0 pixels to each of its pixels;
 * null where its size is not the slide's or a whole-number reduction of it, rounded either way.
 */
export function reductionOf(
  width: number,
  height: number,
  slide: Pick<AnnotatedSlide, 'width' | 'height'>,
): number | null {
  const nearest = [slide.width / width, slide.height / height];
  const factors = nearest.flatMap((ratio) => [Math.floor(ratio), Math.round(ratio), Math.ceil(ratio)]);
  const fits = (whole: number, part: number, factor: number): boolean =>
    part === Math.floor(whole / factor) || part === Math.ceil(whole / factor);
  return (
    factors.find(
      (factor) =>
        factor >= 1 &&
        Number.isSafeInteger(factor) &&
        fits(slide.width, width, factor) &&
        fits(slide.height, height, factor),
    ) ?? null
  );
}

/** Level-0 pixels to a pixel of the image that a file declares; adds to the list what the user should know of it. */
export function declaredScale(
  { width, height }: { readonly width: number; readonly height: number },
  slide: AnnotatedSlide | null,
  list: RegionList,
): number {
  if (slide === null || !(width > 0 && height > 0)) return 1;
  if (width === slide.width && height === slide.height) return 1;
  const size = `${width} × ${height} pixels`;
  const own = `${slide.name} has ${slide.width} × ${slide.height}`;
  const scale = reductionOf(width, height, slide);
  if (scale === null) list.doubt(`It describes an image of ${size}, but ${own}.`);
  else
    list.note(`It describes an image of ${size}, and ${own}: its coordinates were multiplied by ${scale}.`);
  return scale ?? 1;
}
