/** Many rounded shapes of three classes as GeoJSON, like glands on a slide. The same every time. */

const names = ['benign', 'in situ', 'invasive'];

/** @param width of the slide, level-0 pixels @param height as `width` */
export function manyShapes(width: number, height: number, step = 500): string {
  const features: unknown[] = [];
  let seed = 1;
  const random = (): number => {
    seed = (seed * 16807) % 2147483647;
    return seed / 2147483647;
  };
  for (let y = step / 2; y < height; y += step) {
    for (let x = step / 2; x < width; x += step) {
      const corners = 24;
      const radius = step * (0.25 + 0.2 * random());
      const ring = Array.from({ length: corners }, (_, i) => {
        const angle = (2 * Math.PI * i) / corners;
        const r = radius * (0.8 + 0.4 * random());
        return [Math.round(x + r * Math.cos(angle)), Math.round(y + r * Math.sin(angle))];
      });
      features.push({
        type: 'Feature',
        geometry: { type: 'Polygon', coordinates: [[...ring, ring[0]]] },
        properties: {
          objectType: 'annotation',
          classification: { name: names[Math.floor(random() * names.length)], color: [0, 0, 255] },
        },
      });
    }
  }
  return JSON.stringify({ type: 'FeatureCollection', features });
}
