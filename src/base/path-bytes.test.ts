import { expect, it } from 'vitest';
import { bytesOfPath, isUtf8Path, textOfPath } from './path-bytes.ts';
import { urlPath } from './url-path.ts';

it.each([
  // Python: os.fsdecode(b'gr\xf6\xdfe'), and the surrogates that UTF-8 must not encode.
  [[0x67, 0x72, 0xf6, 0xdf, 0x65], 'gr\udcf6\udcdfe'],
  [[0xed, 0xb2, 0x80], '\udced\udcb2\udc80'],
  [[0xc0, 0xaf], '\udcc0\udcaf'],
  [[0xf0, 0x9f, 0x94, 0xac, 0x80], '🔬\udc80'],
  [[0xef, 0xbb, 0xbf, 0x61, 0xff], '\ufeffa\udcff'],
])('reads the bytes %j as Python does, and gives them back', (bytes, text) => {
  expect(textOfPath(Uint8Array.from(bytes))).toBe(text);
  expect([...bytesOfPath(text)]).toEqual(bytes);
  expect(isUtf8Path(text)).toBe(false);
});

it('gives every path its own text', () => {
  let state = 3;
  const seen = new Map<string, string>();
  for (let i = 0; i < 20_000; i++) {
    const bytes = Uint8Array.from({ length: 1 + (i % 6) }, () => (state = (state * 48271) % 2147483647) >> 7);
    const text = textOfPath(bytes);
    expect(bytesOfPath(text)).toEqual(bytes);
    const key = bytes.join();
    expect(seen.get(text) ?? key).toBe(key);
    seen.set(text, key);
  }
});

it('leaves UTF-8 alone, also pairs whose second half looks like a byte', () => {
  const text = 'größe 切片 📀 \u{10ffff}';
  expect(isUtf8Path(text)).toBe(true);
  expect(textOfPath(bytesOfPath(text))).toBe(text);
  expect(bytesOfPath(text)).toEqual(new TextEncoder().encode(text));
});

it('writes paths into URLs byte by byte', () => {
  expect(urlPath('a b/gr\udcf6\udcdfe?#.svs')).toBe('a%20b/gr%F6%DFe%3F%23.svs');
  expect(urlPath("it's(1)*!")).toBe('it%27s%281%29%2A%21');
});
