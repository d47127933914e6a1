import { describe, expect, it } from 'vitest';
import { type Artefact, drawArtefact, withArtefact } from './artefacts.ts';
import { drawFor, type RawSample } from './sample.ts';

const SIDE = 64;

/** Pink tissue with a dark square, class 1; the context shows three times the field, centred on the slice. */
function tissue(): RawSample {
  const square = (): Uint8Array => {
    const rgb = new Uint8Array(SIDE * SIDE * 3);
    for (let i = 0; i < SIDE * SIDE; i++) {
      const isDark = i % SIDE > 24 && i % SIDE < 40;
      rgb.set(isDark ? [90, 60, 130] : [220, 160, 200], i * 3);
    }
    return rgb;
  };
  const classes = (): Uint8Array => new Uint8Array(SIDE * SIDE).fill(1);
  const place = { x: 1 / 3, y: 1 / 3, size: 1 / 3 };
  return { slice: square(), classes: classes(), context: { rgb: square(), classes: classes(), place } };
}

/** The first artefacts of each kind. */
const drawn = new Map<string, Artefact[]>();
let count = 0;
for (let number = 0; number < 400; number++) {
  const artefact = drawArtefact(drawFor(1, number), 0.5);
  if (artefact === null) continue;
  count++;
  drawn.set(artefact.kind, [...(drawn.get(artefact.kind) ?? []), artefact]);
}

describe('drawArtefact', () => {
  it('gives the share of samples an artefact, of four kinds equally', () => {
    expect(count).toBeGreaterThan(160);
    expect(count).toBeLessThan(240);
    expect([...drawn.keys()].sort()).toEqual(['blur', 'fat', 'fold', 'pen']);
    for (const list of drawn.values()) expect(list.length).toBeGreaterThan(25);
  });
});

describe('withArtefact', () => {
  it.each(['fat', 'pen', 'fold', 'blur'])(
    '%s: what changes its colour becomes class 0, the rest stays',
    (kind) => {
      let covered = 0;
      for (const artefact of drawn.get(kind)!.slice(0, 20)) {
        const before = tissue();
        const { slice, classes } = withArtefact(before, artefact);
        for (let i = 0; i < SIDE * SIDE; i++) {
          const at = i * 3;
          const change = [0, 1, 2].reduce(
            (sum, c) => sum + Math.abs(slice[at + c]! - before.slice[at + c]!),
            0,
          );
          if (classes[i] === 0) covered++;
          else if (change > 0) {
            // Only the soft edge: less than half covered.
            expect(change).toBeLessThan(255 * 1.5);
          }
        }
        expect(before).toEqual(tissue());
      }
      expect(covered).toBeGreaterThan(SIDE * SIDE);
    },
  );

  it('shows the same in the context, at the slice’s place', () => {
    for (const kind of ['fat', 'pen', 'fold']) {
      for (const artefact of drawn.get(kind)!.slice(0, 10)) {
        const { classes, context } = withArtefact(tissue(), artefact);
        let same = 0;
        const inner = Math.floor(SIDE / 3);
        for (let y = 1; y < inner - 1; y++) {
          for (let x = 1; x < inner - 1; x++) {
            const there = context!.classes[(y + inner + 1) * SIDE + x + inner + 1];
            const here = classes[Math.min(SIDE - 1, 3 * y + 3) * SIDE + Math.min(SIDE - 1, 3 * x + 3)];
            if (here === there) same++;
          }
        }
        expect(same / (inner - 2) ** 2, kind).toBeGreaterThan(0.8);
      }
    }
  });

  it('fat is mostly white, with walls of tissue colour', () => {
    const wide = { ...tissue(), context: null };
    const means = drawn.get('fat')!.map((artefact) => {
      const { slice, classes } = withArtefact(wide, artefact);
      let [white, all] = [0, 0];
      classes.forEach((value, i) => {
        if (value !== 0) return;
        all++;
        if (slice[i * 3 + 1]! > 215) white++;
      });
      return all < 200 ? null : white / all;
    });
    for (const mean of means) {
      if (mean === null) continue;
      expect(mean).toBeGreaterThan(0.4);
      expect(mean).toBeLessThan(0.99);
    }
  });

  it('lost focus keeps the mean colour and removes detail', () => {
    const before = tissue();
    const { slice } = withArtefact(before, { kind: 'blur', radius: 0.06 });
    const mean = (rgb: Uint8Array): number => rgb.reduce((sum, value) => sum + value, 0) / rgb.length;
    const contrast = (rgb: Uint8Array): number => rgb[32 * 3 + 1]! - rgb[50 * 3 + 1]!;
    expect(mean(slice)).toBeCloseTo(mean(before.slice), 0);
    expect(Math.abs(contrast(slice))).toBeLessThan(Math.abs(contrast(before.slice)) * 0.9);
  });

  it('works without a context', () => {
    for (const [artefact] of drawn.values()) {
      expect(withArtefact({ ...tissue(), context: null }, artefact!).context).toBeNull();
    }
  });
});
