import { describe, expect, it } from 'vitest';
import { ViewLink } from './view-link.ts';
import type { ViewPlace } from '../navigate/view-address.ts';
import type { LinkedView } from './view-link.ts';

class View implements LinkedView {
  now: ViewPlace;

  constructor(now: ViewPlace) {
    this.now = now;
  }
  place(): ViewPlace {
    return this.now;
  }
  goTo(place: ViewPlace): void {
    this.now = place;
  }
}

const start: ViewPlace = { x: 0.5, y: 0.5, scale: 0.25, rotation: 0, flip: false };

describe('ViewLink', () => {
  it('moves linked views to the same position', () => {
    const [leader, other] = [new View({ ...start, x: 0.2, scale: 1 }), new View(start)];
    new ViewLink().lead(leader, [leader, other], 'linked');
    expect(other.now).toEqual(leader.now);
  });

  it('does not move free views', () => {
    const [leader, other] = [new View({ ...start, x: 0.2 }), new View(start)];
    new ViewLink().lead(leader, [leader, other], 'free');
    expect(other.now).toEqual(start);
  });

  it('keeps an offset: pans and zooms by the same amount', () => {
    const [leader, other] = [new View(start), new View({ ...start, x: 0.8, scale: 0.5, rotation: 90 })];
    const link = new ViewLink();
    link.lead(leader, [leader, other], 'offset');
    expect(other.now.x).toBe(0.8);
    leader.now = { x: 0.6, y: 0.4, scale: 0.5, rotation: 90, flip: true };
    link.lead(leader, [leader, other], 'offset');
    const { x, y, ...rest } = other.now;
    expect(x).toBeCloseTo(0.9, 9);
    expect(y).toBeCloseTo(0.4, 9);
    expect(rest).toEqual({ scale: 1, rotation: 180, flip: true });
  });

  it('does not jump when another view takes the lead', () => {
    const [one, other] = [new View(start), new View({ ...start, x: 0.8 })];
    const link = new ViewLink();
    link.lead(one, [one, other], 'offset');
    link.lead(other, [one, other], 'offset');
    expect(one.now.x).toBe(0.5);
  });
});
