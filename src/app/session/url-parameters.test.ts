import { describe, expect, it } from 'vitest';
import { parseUrlParameters, withChannels, withSlideAndModel } from './url-parameters.ts';

describe('parseUrlParameters', () => {
  it('reads slide, model and backend', () => {
    expect(parseUrlParameters('?slide=slides/a%20b.svs&model=nano-add&backend=webgpu')).toEqual({
      slide: 'slides/a b.svs',
      model: 'nano-add',
      backend: 'webgpu',
      at: null,
      problems: [],
      channels: null,
    });
  });

  it('takes nothing for granted', () => {
    const nothing = { slide: null, model: null, backend: null, at: null, channels: null, problems: [] };
    expect(parseUrlParameters('')).toEqual(nothing);
    expect(parseUrlParameters('?slide=&backend=&at=&model=')).toEqual(nothing);
    expect(parseUrlParameters('?slide=none')).toEqual({ ...nothing, slide: 'none' });
  });

  it('says what it leaves out', () => {
    expect(parseUrlParameters('?backend=abacus&at=here').problems).toEqual([
      'Unknown backend "abacus" in the URL; default used.',
      "The position in the URL can't be read; the whole slide is shown.",
    ]);
    for (const address of ['javascript:alert(1)', 'file:///etc/passwd', 'data:,a', 'http://[']) {
      const { slide, problems } = parseUrlParameters(`?slide=${encodeURIComponent(address)}`);
      expect(slide).toBe('none');
      expect(problems).toEqual([
        `"${address}" in the URL is not the address of a slide on the web; none was opened.`,
      ]);
    }
  });
});

describe('withSlideAndModel', () => {
  it('keeps what else is there', () => {
    expect(withSlideAndModel('?backend=wasm&slide=old', 'slides/new.svs', 'm')).toBe(
      '?backend=wasm&slide=slides/new.svs&model=m',
    );
  });

  it('takes the address of a slide away when a local file is open', () => {
    expect(withSlideAndModel('?slide=slides/old.svs', null, null)).toBe('');
  });

  it('keeps channels in the address of their own slide only', () => {
    const search = withChannels('?slide=slides/a.tif', '1:ff0000:0-9,-2:00ff00');
    expect(search).toBe('?slide=slides/a.tif&channels=1:ff0000:0-9,-2:00ff00');
    expect(parseUrlParameters(search).channels).toBe('1:ff0000:0-9,-2:00ff00');
    expect(withSlideAndModel(search, 'slides/a.tif', null)).toBe(search);
    expect(withSlideAndModel(search, 'slides/b.tif', null)).toBe('?slide=slides/b.tif');
    expect(withChannels(search, null)).toBe('?slide=slides/a.tif');
  });

  it('can be read again', () => {
    const search = withSlideAndModel('', 'https://example.org/a?b=1&c=2#d', null);
    expect(parseUrlParameters(search).slide).toBe('https://example.org/a?b=1&c=2#d');
  });
});
