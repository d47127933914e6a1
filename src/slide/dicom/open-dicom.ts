/** Opens the files of a DICOM series. */
import { contentRevision, fingerprint } from '../fingerprint.ts';
import { ByteBudget } from '../limits.ts';
import { SlideError, type ByteSource, type Slide, type SlidePlatform } from '../slide.ts';
import { dicomSlide } from './dicom-slide.ts';
import { dicomInstance, type DicomInstance } from './instance.ts';

/** @param sources DICOM files. @throws SlideError */
export async function openDicom(sources: readonly ByteSource[], platform: SlidePlatform): Promise<Slide> {
  const instances: DicomInstance[] = [];
  const budget = new ByteBudget(sources[0]!.name);
  let refused: unknown;
  for (const source of sources) {
    try {
      instances.push(await dicomInstance(source, budget));
    } catch (error) {
      // Reports and annotations are often in the same folder as the images.
      if (!(error instanceof SlideError) || error.code !== 'unsupported' || budget.left === 0) throw error;
      refused = error;
    }
  }
  if (instances.length === 0 && refused instanceof SlideError) throw refused;
  const sorted = [...sources].sort((a, b) => (a.name < b.name ? -1 : 1));
  return dicomSlide(
    instances,
    {
      name: sources.length === 1 ? sorted[0]!.name : `${sorted[0]!.name} and ${sources.length - 1} more`,
      fileSize: sources.reduce((sum, source) => sum + source.size, 0),
      fingerprint: await fingerprint(sorted),
      revision: await contentRevision(sorted),
      close: () => sources.forEach((source) => void source.close?.()),
    },
    platform,
    budget,
  );
}
