/** A glass slide: its label at the left, tissue at the right. */
import { createLucideIcon } from 'lucide-react';

export const GlassSlide = createLucideIcon('glass-slide', [
  ['rect', { x: '2', y: '6', width: '20', height: '12', rx: '2', key: 'glass' }],
  ['path', { d: 'M7 6v12', key: 'label' }],
  [
    'path',
    {
      d: 'M11 12.5c0-2 1.6-3.3 3.6-3.3 2.3 0 4.4 1 4.4 3 0 1.7-1.7 2.6-3.6 2.6-2.3 0-4.4-.5-4.4-2.3z',
      key: 'tissue',
    },
  ],
]);
