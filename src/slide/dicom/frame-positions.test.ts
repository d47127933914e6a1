import { describe, expect, it } from 'vitest';
import { readFramePositions } from './frame-positions.ts';

/** An element in explicit or implicit representation; `length` overrides what it says of itself. */
function element(tag: number, vr: string, value: Buffer, explicit: boolean, undefinedLength = false): Buffer {
  const long = !explicit || vr === 'SQ';
  const head = Buffer.alloc(explicit && vr === 'SQ' ? 12 : 8);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xffff, 2);
  if (explicit) head.write(vr, 4, 'latin1');
  const length = undefinedLength ? 0xffffffff : value.length;
  if (long) head.writeUInt32LE(length, head.length - 4);
  else head.writeUInt16LE(length, 6);
  return Buffer.concat([head, value, ...(undefinedLength ? [delimiter(0xe0dd)] : [])]);
}

function delimiter(element: number, length = 0): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(0xfffe, 0);
  bytes.writeUInt16LE(element, 2);
  bytes.writeUInt32LE(length, 4);
  return bytes;
}

const item = (value: Buffer, undefinedLength: boolean): Buffer =>
  undefinedLength
    ? Buffer.concat([delimiter(0xe000, 0xffffffff), value, delimiter(0xe00d)])
    : Buffer.concat([delimiter(0xe000, value.length), value]);

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

/** The value of the sequence of groups. Each group has another sequence before the position, and one after it. */
function groups(
  places: readonly (readonly [x: number, y: number] | null)[],
  explicit: boolean,
  open: boolean,
): Buffer {
  return Buffer.concat(
    places.map((place) => {
      const inner = item(element(0x00289110, 'SQ', item(Buffer.alloc(0), open), explicit, open), open);
      const parts = [element(0x00209111, 'SQ', inner, explicit, open)];
      if (place !== null) {
        const position = Buffer.concat([
          element(0x0040072a, 'DS', Buffer.from('1.25'), explicit),
          element(0x0048021e, 'SL', int32(place[0]), explicit),
          element(0x0048021f, 'SL', int32(place[1]), explicit),
        ]);
        parts.push(element(0x0048021a, 'SQ', item(position, open), explicit, open));
      }
      parts.push(element(0x00480207, 'SQ', Buffer.alloc(0), explicit));
      return item(Buffer.concat(parts), open);
    }),
  );
}

const places = [[1, 1], [257, 1], null, [1, 513], [2 ** 31 - 1, 7]] as const;
const flat = [1, 1, 257, 1, 0, 0, 1, 513, 2 ** 31 - 1, 7];

describe('positions of frames', () => {
  for (const explicit of [true, false]) {
    for (const open of [true, false]) {
      it(`are read with ${explicit ? 'explicit' : 'implicit'} representations and ${open ? 'delimiters' : 'lengths'}`, () => {
        const value = groups(places, explicit, open);
        const bytes = Buffer.concat([
          Buffer.alloc(10),
          value,
          ...(open ? [delimiter(0xe0dd)] : []),
          Buffer.alloc(6),
        ]);
        const read = readFramePositions(
          bytes,
          10,
          open ? 0xffffffff : value.length,
          explicit,
          () => undefined,
        );
        expect([...read.places]).toEqual(flat);
        expect(read.end).toBe(bytes.length - 6);
      });

      it(`end with an error wherever ${explicit ? 'explicit' : 'implicit'} bytes with ${open ? 'delimiters' : 'lengths'} are cut`, () => {
        const value = Buffer.concat([groups(places, explicit, open), ...(open ? [delimiter(0xe0dd)] : [])]);
        for (let length = 0; length < value.length; length++) {
          expect(() =>
            readFramePositions(
              value.subarray(0, length),
              0,
              open ? 0xffffffff : value.length,
              explicit,
              () => undefined,
            ),
          ).toThrow(RangeError);
        }
      });
    }
  }

  it('of 200,000 frames take 3 MB and well under a second', () => {
    const many = Array.from(
      { length: 200_000 },
      (_, i) => [(i % 500) * 256 + 1, Math.floor(i / 500) * 256 + 1] as const,
    );
    const value = groups(many, true, false);
    let spent = 0;
    const start = performance.now();
    const read = readFramePositions(value, 0, value.length, true, (bytes) => (spent += bytes));
    expect(performance.now() - start).toBeLessThan(5000);
    expect(read.places.length).toBe(400_000);
    expect([...read.places.slice(-2)]).toEqual([499 * 256 + 1, 399 * 256 + 1]);
    expect(spent).toBeLessThan(4e6);
  });

  it('are refused when sequences are nested without end', () => {
    let value: Buffer = Buffer.alloc(0);
    for (let i = 0; i < 200; i++) value = element(0x00209111, 'SQ', item(value, true), true, true);
    const whole = Buffer.concat([item(value, true), delimiter(0xe0dd)]);
    expect(() => readFramePositions(whole, 0, 0xffffffff, true, () => undefined)).toThrow(
      'nested too deeply',
    );
  });
});
