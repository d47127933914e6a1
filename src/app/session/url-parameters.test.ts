import { describe, expect, it } from 'vitest';
import { fileNameOf, parseUrlParameters, withSlideAndModel } from './url-parameters.ts';

describe('parseUrlParameters', () => {
  it('reads slide, model and backend', () => {
    expect(parseUrlParameters('?slide=slides/a%20b.svs&model=nano-add&backend=webgpu')).toEqual({
      slide: 'slides/a b.svs',
      model: 'nano-add',
      backend: 'webgpu',
      at: null,
      problems: [],
    });
  });

  it('takes nothing for granted', () => {
    const nothing = { slide: null, model: null, backend: null, at: null, problems: [] };
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

  it('can be read again', () => {
    const search = withSlideAndModel('', 'https://example.org/a?b=1&c=2#d', null);
    expect(parseUrlParameters(search).slide).toBe('https://example.org/a?b=1&c=2#d');
  });
});

it('names a slide by the last part of its path', () => {
  expect(fileNameOf('https://example.org/x/CMU%201.svs?token=1')).toBe('CMU 1.svs');
  expect(fileNameOf('slides/a.tif')).toBe('a.tif');
  expect(fileNameOf('%E0%A4%A')).toBe('%E0%A4%A');
});
