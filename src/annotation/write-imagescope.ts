import { XMLBuilder } from 'fast-xml-parser';

/** A polygon to write, with the label that readers find in the first Attribute's Value and in Text. */
export interface ImageScopeShape {
  readonly label: string;
  /** Alternating x and y, level-0 pixels. */
  readonly points: ArrayLike<number>;
  readonly isNegative?: boolean;
}

/**
 * Writes Aperio ImageScope XML: one annotation layer, a Region per shape, as in the BACH slides. `mpp` is µm
 * per level-0 pixel. Coordinates keep three decimals.
 */
export function writeImageScope(shapes: readonly ImageScopeShape[], mpp: number): string {
  const builder = new XMLBuilder({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    format: true,
    indentBy: ' ',
    suppressEmptyNode: true,
  });
  const regions = shapes.map(({ label, points, isNegative }, i) => ({
    '@Id': i + 1,
    '@Type': 0,
    '@Text': label,
    '@NegativeROA': isNegative ? 1 : 0,
    '@DisplayId': i + 1,
    Attributes: { Attribute: { '@Id': 0, '@Name': '0', '@Value': label } },
    Vertices: {
      Vertex: Array.from({ length: points.length >> 1 }, (_, k) => ({
        '@X': points[2 * k]!.toFixed(3),
        '@Y': points[2 * k + 1]!.toFixed(3),
        '@Z': 0,
      })),
    },
  }));
  return builder.build({
    Annotations: {
      '@MicronsPerPixel': mpp.toFixed(6),
      Annotation: {
        '@Id': 1,
        '@Name': '',
        '@ReadOnly': 0,
        '@LineColor': 65280,
        '@Visible': 1,
        '@Type': 4,
        Regions: { Region: regions },
      },
    },
  });
}
