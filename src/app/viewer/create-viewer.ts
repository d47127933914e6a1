/** How OpenSeadragon is set up for a view of a slide. */
import OpenSeadragon from 'openseadragon';

export interface SlideViewOptions {
  readonly element: HTMLElement;
  /** Holds the overview map; null for none. */
  readonly overviewElement: HTMLElement | null;
  /** Name of the view for screen readers. */
  readonly label: string;
  readonly reducedMotion: boolean;
}

/** A viewer in new elements within those given, which whoever destroys it empties. */
export function createViewer({
  element,
  overviewElement,
  label,
  reducedMotion,
}: SlideViewOptions): OpenSeadragon.Viewer {
  // OpenSeadragon moves and removes the elements it receives, so it gets its own.
  const host = fullSizeChild(element);
  const viewer = OpenSeadragon({
    element: host,
    // The WebGL drawer composites half-transparent images wrongly (OpenSeadragon issue 2980).
    drawer: 'canvas',
    showNavigationControl: false,
    showNavigator: overviewElement !== null,
    ...(overviewElement === null ? {} : { navigatorElement: fullSizeChild(overviewElement) }),
    navigatorDrawer: 'canvas',
    navigatorAutoFade: false,
    navigatorRotate: true,
    navigatorOpacity: 1,
    // The overview's overlay draws the frame, above the classes.
    navigatorDisplayRegionColor: 'transparent',
    // Keys belong to the command registry.
    keyboardNavEnabled: false,
    animationTime: reducedMotion ? 0 : 0.4,
    springStiffness: 8,
    blendTime: 0,
    minZoomImageRatio: 0.5,
    maxZoomPixelRatio: 8,
    visibilityRatio: 0.3,
    // A folded panel shows more tissue, not larger tissue.
    preserveImageSizeOnResize: true,
    zoomPerScroll: 1.25,
    imageLoaderLimit: 6,
    timeout: 120_000,
    maxImageCacheCount: 400,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
    gestureSettingsTouch: { clickToZoom: false, dblClickToZoom: true },
    gestureSettingsPen: { clickToZoom: false, dblClickToZoom: true },
  });
  viewer.canvas.setAttribute('role', 'application');
  viewer.canvas.setAttribute('aria-label', label);
  return viewer;
}

function fullSizeChild(parent: HTMLElement): HTMLElement {
  const child = document.createElement('div');
  child.style.width = '100%';
  child.style.height = '100%';
  parent.appendChild(child);
  return child;
}
