/** How a slide of the gallery is opened in the app. */
import type { CohortRow } from '../cohort-row.ts';
import type { CohortPlan } from '../request.ts';
import { isUrl } from '../slide-id.ts';

/**
 * The app's address with slide and model. null for a file on disk in a folder that no server serves: a page
 * cannot open files by path, so the user drops it on the app.
 */
export function appLink(
  { app, slidesUrl, model }: Pick<CohortPlan, 'app' | 'slidesUrl' | 'model'>,
  { source, place }: Pick<CohortRow, 'source' | 'place'>,
): string | null {
  const slide = isUrl(source) ? source : servedAt(slidesUrl, place);
  if (slide === null) return null;
  const address = new URL(app);
  address.searchParams.set('slide', slide);
  address.searchParams.set('model', model.id);
  return address.href;
}

/** The app without a slide, with the model chosen. */
export function emptyAppLink({ app, model }: Pick<CohortPlan, 'app' | 'model'>): string {
  const address = new URL(app);
  address.searchParams.set('slide', 'none');
  address.searchParams.set('model', model.id);
  return address.href;
}

function servedAt(slidesUrl: string | null, place: string | null): string | null {
  if (slidesUrl === null || place === null || place.startsWith('/') || place.split('/').includes('..'))
    return null;
  const folder = slidesUrl.endsWith('/') ? slidesUrl : `${slidesUrl}/`;
  return new URL(place.split('/').map(encodeURIComponent).join('/'), folder).href;
}
