/** Pictures of objects: crops of the slide, made of its tiles. */
import type { Level0Rect } from '../../slide/slide.ts';
import type { TileLook } from '../../worker/protocol.ts';
import { viewLevels, type SlideClient } from '../../worker/slide-client.ts';
import type { MapObject } from '../../objects/map-object.ts';
import type { MapScale } from '../../objects/object-shape.ts';
import type { OpenSlide } from '../state/state.ts';

/** Share of the picture around the object, on each side. */
const marginShare = 0.2;
/** Most tiles that are read for one picture. */
const mostTiles = 9;

/** The square of the slide that shows an object with what is around it, level-0 pixels. */
export function squareAround({ box }: MapObject, scale: MapScale, leastSide: number): Level0Rect {
  const width = (box.right - box.left) * scale.x;
  const height = (box.bottom - box.top) * scale.y;
  const side = Math.max(leastSide, Math.max(width, height) * (1 + 2 * marginShare));
  const [x, y] = [box.left * scale.x + width / 2, box.top * scale.y + height / 2];
  return { x: x - side / 2, y: y - side / 2, width: side, height: side };
}

/** Draws a square of the slide, white beyond its edges. Tiles that cannot be read stay white. */
export async function drawSquare(
  canvas: HTMLCanvasElement,
  square: Level0Rect,
  slide: OpenSlide,
  client: SlideClient,
  look: TileLook,
  signal: AbortSignal,
): Promise<void> {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const scale = canvas.width / square.width;
  const levels = viewLevels(slide.metadata.levels);
  const tilesAcross = (at: number): number => {
    const level = levels[at];
    if (level === undefined) return Infinity;
    return Math.ceil(square.width / level.downsample / Math.min(level.tileWidth, level.tileHeight)) + 1;
  };
  let at = levels.findLastIndex(({ downsample }) => downsample * scale <= 1);
  if (at < 0) at = 0;
  while (at + 1 < levels.length && tilesAcross(at) ** 2 > mostTiles) at++;
  const level = levels[at];
  if (level === undefined) return;
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = 'high';
  const { downsample, tileWidth, tileHeight } = level;
  const first = (from: number, tile: number): number => Math.max(0, Math.floor(from / downsample / tile));
  const last = (to: number, tile: number, side: number): number =>
    Math.min(Math.ceil(side / tile) - 1, Math.floor(to / downsample / tile));
  const jobs: Promise<void>[] = [];
  for (
    let row = first(square.y, tileHeight);
    row <= last(square.y + square.height, tileHeight, level.height);
    row++
  ) {
    for (
      let column = first(square.x, tileWidth);
      column <= last(square.x + square.width, tileWidth, level.width);
      column++
    ) {
      const draw = async (): Promise<void> => {
        const bitmap = await client
          .tile(slide.slideId, at, column, row, look, 'exact', signal)
          .catch(() => null);
        if (bitmap === null) return;
        if (!signal.aborted) {
          const x = (column * tileWidth * downsample - square.x) * scale;
          const y = (row * tileHeight * downsample - square.y) * scale;
          context.drawImage(
            bitmap,
            x,
            y,
            bitmap.width * downsample * scale,
            bitmap.height * downsample * scale,
          );
        }
        bitmap.close();
      };
      jobs.push(draw());
    }
  }
  await Promise.all(jobs);
}
