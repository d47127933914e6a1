import { expect, test } from 'vitest';
import { memoryByteSource } from '../byte-source.ts';
import { ByteBudget } from '../limits.ts';
import { frameReader } from './frames.ts';

const item = (content: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(8 + content.length);
  bytes.set([0xfe, 0xff, 0x00, 0xe0]);
  new DataView(bytes.buffer).setUint32(4, content.length, true);
  bytes.set(content, 8);
  return bytes;
};

/** Pixel data with an empty offset table. */
function pixelData(fragments: readonly Uint8Array[]): Uint8Array {
  const parts = [
    item(new Uint8Array(0)),
    ...fragments.map(item),
    Uint8Array.of(0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0),
  ];
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const reader = (fragments: readonly Uint8Array[], frames: number): ReturnType<typeof frameReader> => {
  const source = memoryByteSource(pixelData(fragments), 'a.dcm');
  return frameReader(source, {
    ...{ offset: 0, length: 0, encapsulated: true, frames, frameBytes: 0, extendedOffsets: null },
    budget: new ByteBudget('a.dcm'),
  });
};

const jpeg = (mark: number): Uint8Array => Uint8Array.of(0xff, 0xd8, mark, mark);
const jpeg2000 = (mark: number): Uint8Array => Uint8Array.of(0xff, 0x4f, 0xff, 0x51, mark, mark);
const rest = (mark: number): Uint8Array => Uint8Array.of(mark, 0, mark, 0);
const joined = (...parts: Uint8Array[]): number[] => parts.flatMap((part) => [...part]);

test('the only frame has all fragments', async () => {
  const frame = reader([jpeg(1), rest(2), rest(3)], 1);
  expect([...(await frame(0))]).toEqual(joined(jpeg(1), rest(2), rest(3)));
});

test.each([
  ['JPEG', jpeg],
  ['JPEG 2000', jpeg2000],
] as const)('%s frames begin where a fragment begins like an image', async (_name, start) => {
  const fragments = [start(1), start(2), rest(2), rest(2), start(3), rest(3)];
  const expected = [joined(start(1)), joined(start(2), rest(2), rest(2)), joined(start(3), rest(3))];
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
  ]) {
    const frame = reader(fragments, 3);
    for (const index of order) expect([...(await frame(index))]).toEqual(expected[index]);
  }
});

test('as many fragments as frames are one each, whatever a damaged one begins with', async () => {
  const frame = reader([jpeg(1), rest(2), jpeg(3)], 3);
  expect([...(await frame(1))]).toEqual(joined(rest(2)));
  expect([...(await frame(2))]).toEqual(joined(jpeg(3)));
});

test('fragments that cannot be told apart are no frames', async () => {
  const frame = reader([jpeg(1), rest(2), jpeg(3), rest(4)], 3);
  await expect(frame(2)).rejects.toMatchObject({ code: 'broken-tile' });
});

test('a frame that the file does not have is broken', async () => {
  await expect(reader([jpeg(1), jpeg(2)], 3)(2)).rejects.toMatchObject({ code: 'broken-tile' });
});
