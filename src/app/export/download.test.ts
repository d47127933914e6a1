import { describe, expect, it } from 'vitest';
import { fileStem } from './download.ts';

describe('names of files', () => {
  it('come from the slide, without its extension', () => {
    expect(['CMU-1.svs', 'a b/c: d.ome.tif', 'slide', '…'].map(fileStem)).toEqual([
      'CMU-1',
      'a_b_c_d.ome',
      'slide',
      '_',
    ]);
  });
});
