/** One view of a slide: the part of OpenSeadragon that the app uses. */
import OpenSeadragon from 'openseadragon';
import type { Level0Rect } from '../../slide/slide.ts';
import type { TileLook } from '../../worker/protocol.ts';
import type { SlideClient } from '../../worker/slide-client.ts';
import type { SlideMetadata } from '../../slide/slide.ts';
import { apply, transformBounds, invert, isInvertible, scaleOf } from './affine.ts';
import { intersection } from '../../base/rect.ts';
import { createViewer, type SlideViewOptions } from './create-viewer.ts';
import type { Affine, Point } from './affine.ts';
import type { ViewPlace } from '../navigate/view-address.ts';
import { finestDrawn, type WhenLoaded } from './drawn-tiles.ts';
import { SlideTileSource } from './slide-tile-source.ts';
import { unflippedTransform } from './unflipped-transform.ts';

export class SlideView {
  readonly #viewer: OpenSeadragon.Viewer;
  readonly #listeners = new Set<() => void>();
  readonly #hosts: readonly HTMLElement[];
  #slide: SlideMetadata | null = null;
  #slideId: number | null = null;
  #look: TileLook = { colours: 'stored', channels: null };
  /** Creates the tile source of the shown slide; null while none is shown. */
  #tiles: ((look: TileLook) => SlideTileSource) | null = null;
  /** Those in use; two while tiles are reloaded. */
  readonly #sources = new Set<SlideTileSource>();
  #refining = false;
  /** The change of looks that is loading; null without one. */
  #loading: { again: boolean } | null = null;

  constructor(options: SlideViewOptions) {
    const { element, overviewElement } = options;
    this.#hosts = overviewElement === null ? [element] : [element, overviewElement];
    this.#viewer = createViewer(options);
    const notify = (): void => {
      for (const listener of [...this.#listeners]) listener();
    };
    this.#viewer.addHandler('update-viewport', notify);
    this.#viewer.addHandler('update-viewport', () => this.#refineSoon());
    this.#viewer.addHandler('open', notify);
  }

  /** Shows a slide that is open in the worker, fitted to the view. */
  open(
    client: SlideClient,
    slideId: number,
    metadata: SlideMetadata,
    look: TileLook,
    onTileError: (error: unknown) => void,
  ): void {
    this.#slide = metadata;
    this.#slideId = slideId;
    this.#loading = null;
    this.#look = look;
    this.#dropSources();
    this.#tiles = (wanted) => {
      const source = new SlideTileSource(client, slideId, metadata, wanted, onTileError, () =>
        this.#redraw(),
      );
      this.#sources.add(source);
      return source;
    };
    this.#viewer.open({ tileSource: this.#tiles(look) });
  }

  close(): void {
    this.#slide = null;
    this.#slideId = null;
    this.#tiles = null;
    this.#dropSources();
    this.#viewer.close();
  }

  /** Changes how tiles look without moving the view. While one change loads, of others only the last one counts. */
  setLook(look: TileLook): void {
    const now = this.#look;
    const isSame = look.colours === now.colours && look.channels === now.channels;
    if (isSame && (look.stain ?? null) === (now.stain ?? null)) return;
    this.#look = look;
    if (this.#tiles === null) return;
    if (this.transform() === null) this.onceShown(() => this.#reloadInTurn());
    else this.#reloadInTurn();
  }

  #reloadInTurn(): void {
    if (this.#loading !== null) {
      this.#loading.again = true;
      return;
    }
    const loading = { again: false };
    this.#loading = loading;
    let ended = false;
    const end = (): void => {
      if (ended) return;
      ended = true;
      if (this.#loading !== loading) return;
      this.#loading = null;
      if (loading.again) this.#reloadInTurn();
    };
    this.reload(end);
    // A hidden view loads nothing, and tiles may be slow.
    setTimeout(end, slowReloadMs);
  }

  /** Reloads all tiles in view; the old ones stay until the new ones have loaded. */
  reload(onLoaded: () => void = () => undefined): void {
    if (this.#tiles === null || this.transform() === null) return;
    const { world } = this.#viewer;
    const old = this.#items();
    this.#viewer.addTiledImage({
      tileSource: this.#tiles(this.#look),
      success: (event) => {
        const { item } = event as unknown as { item: OpenSeadragon.TiledImage & WhenLoaded };
        // Removing the old items makes the new one the first.
        item.whenFullyLoaded(() => {
          for (const one of old) {
            if (world.getIndexOfItem(one) >= 0) world.removeItem(one);
            this.#dropSource(one.source);
          }
          onLoaded();
        });
      },
    });
  }

  /** Draws what has changed of the slide's overview. */
  overviewChanged(): void {
    for (const source of this.#sources) source.overviewChanged();
  }

  destroy(): void {
    this.#listeners.clear();
    this.#dropSources();
    this.#viewer.destroy();
    for (const host of this.#hosts) host.replaceChildren();
  }

  /** The worker's id of the shown slide; null if there is none. */
  get slideId(): number | null {
    return this.#slideId;
  }

  /** Calls `listener` after each frame that the viewer draws. @returns a function that stops this */
  onFrame(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls `listener` for clicks that do not pan, with CSS pixels of the view. @returns a function that stops this */
  onClick(listener: (x: number, y: number) => void): () => void {
    const handler = (event: OpenSeadragon.CanvasClickEvent): void => {
      if (event.quick) listener(event.position.x, event.position.y);
    };
    this.#viewer.addHandler('canvas-click', handler);
    return () => this.#viewer.removeHandler('canvas-click', handler);
  }

  /** Takes the keyboard focus. */
  focus(): void {
    this.#viewer.canvas.focus({ preventScroll: true });
  }

  /** Whether all tiles in view are there. */
  isLoaded(): boolean {
    const item = this.#viewer.world.getItemAt(0) as (OpenSeadragon.TiledImage & WhenLoaded) | undefined;
    return item?.getFullyLoaded() ?? false;
  }

  /** Calls `action` once a slide is on screen. @returns a function that cancels this */
  onceShown(action: () => void): () => void {
    const end = this.onFrame(() => {
      if (this.transform() === null) return;
      end();
      action();
    });
    return end;
  }

  /**
   * Transform from level-0 pixels to CSS pixels of the current frame, with an inverse; null while no slide is shown or
   * the view has no size.
   */
  transform(): Affine | null {
    const item = this.#viewer.world.getItemAt(0) as OpenSeadragon.TiledImage | undefined;
    const slide = this.#slide;
    if (slide === null || item === undefined) return null;
    const { viewport } = this.#viewer;
    const matrix = unflippedTransform(viewport, item, slide);
    if (!isInvertible(matrix)) return null;
    if (!viewport.getFlip()) return matrix;
    const { width } = this.#size();
    return { ...matrix, a: -matrix.a, c: -matrix.c, e: width - matrix.e };
  }

  /** As `transform`, for the overview map; null without one. */
  overviewTransform(): Affine | null {
    const { navigator } = this.#viewer as { readonly navigator?: OpenSeadragon.Navigator };
    const item = navigator?.world.getItemAt(0);
    if (this.#slide === null || navigator === undefined || item === undefined) return null;
    const matrix = unflippedTransform(navigator.viewport, item, this.#slide);
    if (!isInvertible(matrix)) return null;
    if (!this.#viewer.viewport.getFlip()) return matrix;
    const { x } = navigator.viewport.getContainerSize();
    return { ...matrix, a: -matrix.a, c: -matrix.c, e: x - matrix.e };
  }

  /** To be called when the overview map's element has another size. */
  overviewResized(): void {
    (this.#viewer as { readonly navigator?: OpenSeadragon.Navigator }).navigator?.updateSize();
  }

  /** Whether all of the slide is in view; also without a slide. */
  showsAll(): boolean {
    const area = this.visibleArea();
    if (area === null || this.#slide === null) return true;
    const { width, height } = this.#slide;
    return area.width * area.height > 0.98 * width * height;
  }

  /** CSS pixels per level-0 pixel; null while no slide is shown. */
  scale(): number | null {
    const transform = this.transform();
    return transform === null ? null : scaleOf(transform);
  }

  /** The visible part of the slide, level-0 pixels; null if there is none. */
  visibleArea(): Level0Rect | null {
    const transform = this.transform();
    if (transform === null || this.#slide === null) return null;
    const { width, height } = this.#size();
    const area = transformBounds(invert(transform), { x: 0, y: 0, width, height });
    return intersection(area, { x: 0, y: 0, width: this.#slide.width, height: this.#slide.height });
  }

  /** @param scale CSS pixels per level-0 pixel. */
  zoomToScale(scale: number): void {
    const current = this.scale();
    if (current !== null) this.zoomBy(scale / current);
  }

  zoomBy(factor: number): void {
    this.#viewer.viewport.zoomBy(factor);
    this.#viewer.viewport.applyConstraints();
  }

  /** Pans by a share of the view's size; positive is right and down. */
  panBy(acrossShare: number, downShare: number): void {
    const { width, height } = this.#size();
    const { viewport } = this.#viewer;
    const across = viewport.getFlip() ? -acrossShare : acrossShare;
    viewport.panBy(
      viewport.deltaPointsFromPixels(new OpenSeadragon.Point(width * across, height * downShare)),
    );
    viewport.applyConstraints();
  }

  rotateBy(degrees: number): void {
    const { viewport } = this.#viewer;
    viewport.setRotation((viewport.getRotation() + degrees + 360) % 360);
  }

  flip(): void {
    this.#viewer.viewport.toggleFlip();
  }

  /** Shows the whole slide, without rotation or mirroring. */
  fit(): void {
    this.#viewer.viewport.setRotation(0);
    this.#viewer.viewport.setFlip(false);
    this.#viewer.viewport.goHome();
  }

  /** Current position, even during an animation; null while no slide is shown. */
  place(): ViewPlace | null {
    const scale = this.scale();
    if (scale === null) return null;
    const { viewport } = this.#viewer;
    const { x, y } = viewport.getCenter(true);
    return { x, y, scale, rotation: viewport.getRotation(true), flip: viewport.getFlip() };
  }

  /** As `goTo`, for positions from a link, a file or storage: shows at least a part of the slide. */
  visit(place: ViewPlace): void {
    this.goTo(place);
    if (this.#slide !== null) this.#viewer.viewport.applyConstraints(true);
  }

  /** Jumps to a position without animation. */
  goTo(place: ViewPlace): void {
    const slide = this.#slide;
    if (slide === null || this.transform() === null) return;
    const { viewport } = this.#viewer;
    if (viewport.getFlip() !== place.flip) viewport.setFlip(place.flip);
    if (viewport.getRotation(true) !== place.rotation) viewport.setRotation(place.rotation, true);
    // One viewport unit is the width of the slide.
    viewport.zoomTo((place.scale * slide.width) / this.#size().width, undefined, true);
    viewport.panTo(new OpenSeadragon.Point(place.x, place.y), true);
  }

  /**
   * Centres a spot, at a scale that shows its surroundings.
   * @param bounds of the spot, level-0 pixels; shown at most a third of the view wide, and not enlarged
   */
  showSpot(bounds: Level0Rect, middle: Point): void {
    const slide = this.#slide;
    const place = this.place();
    if (slide === null || place === null) return;
    const { width, height } = this.#size();
    const fitting = Math.min(width / bounds.width, height / bounds.height) / 3;
    const scale = Math.min(1, fitting);
    this.goTo({ ...place, x: middle.x / slide.width, y: middle.y / slide.width, scale });
  }

  /** CSS pixels of the view. */
  middle(): Point {
    const { width, height } = this.#size();
    return { x: width / 2, y: height / 2 };
  }

  /** The level-0 position under a point of the view (CSS pixels); null while no slide is shown. */
  level0At(x: number, y: number): Point | null {
    const transform = this.transform();
    return transform === null ? null : apply(invert(transform), x, y);
  }

  #dropSources(): void {
    for (const source of this.#sources) source.dispose();
    this.#sources.clear();
  }

  #dropSource(source: OpenSeadragon.TileSource): void {
    if (!(source instanceof SlideTileSource)) return;
    source.dispose();
    this.#sources.delete(source);
  }

  #redraw(): void {
    this.#viewer.forceRedraw();
    this.#viewer.navigator?.forceRedraw();
  }

  /** Reads coarse tiles on the screen exactly, once the view rests for a moment. */
  #refineSoon(): void {
    if (this.#refining || this.#sources.size === 0) return;
    this.#refining = true;
    setTimeout(() => {
      this.#refining = false;
      for (const item of this.#items()) {
        if (item.source instanceof SlideTileSource) item.source.refine(finestDrawn(item));
      }
    }, refineMs);
  }

  #items(): OpenSeadragon.TiledImage[] {
    const { world } = this.#viewer;
    return Array.from({ length: world.getItemCount() }, (_, i) => world.getItemAt(i));
  }

  #size(): { width: number; height: number } {
    const { x, y } = this.#viewer.viewport.getContainerSize();
    return { width: x, height: y };
  }
}

/** Milliseconds after which the next change of looks no longer waits for the last one. */
const slowReloadMs = 1500;

/** Milliseconds that the view may move before tiles are read for where it is. */
const refineMs = 120;
