import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { cohortRows, type CohortRow } from '../cohort-row.ts';
import { testOutcomes, testPlan } from '../testing.ts';
import { appLink, elapsedTime } from './slide-card.ts';
import { galleryPages } from './gallery.ts';

const rows = cohortRows(testPlan, (id) => testOutcomes[id] ?? null);
const index = (await galleryPages(testPlan, rows)).get('index.html')!;

it('escapes everything from files and names', () => {
  expect(index).toContain('Trial &lt;A&gt;');
  expect(index).toContain('&lt;b&gt;sorry&lt;/b&gt;');
  expect(index).toContain('&lt;c&gt;&quot;.svs');
  expect(index).not.toMatch(/<b>|<c>|<A>/);
});

it('may run only its own script and show only its own pictures', () => {
  const policy = /Content-Security-Policy" content="([^"]+)"/.exec(index)![1]!.replaceAll('&#39;', "'");
  const hashOf = (tag: string): string => {
    const body = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(index)![1]!;
    return `'sha256-${createHash('sha256').update(body).digest('base64')}'`;
  };
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain(`script-src ${hashOf('script')}`);
  expect(policy).toContain(`style-src ${hashOf('style')}`);
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  // Anything that a policy of hashes forbids would silently do nothing.
  expect(index).not.toMatch(/ style="| on[a-z]+="/);
});

it('states what it is and shows the figures', () => {
  expect(index).toContain('Research use only.');
  expect(index).toContain('src="../slides/b-1/thumbnail.webp"');
  expect(index).toContain('href="../slides/b-1/maps/b.colon.preview.png"');
  expect(index).toContain('<td>0.50</td><td>25.0</td>');
  expect(index).toContain('1 min 23 s');
  expect(index).toContain('href="../logs/a-1.log"');
});

it('opens slides of the web in the app, and explains how to open those on disk', () => {
  const [disk, web] = rows;
  const link = new URL(appLink(testPlan, web!)!);
  expect(link.searchParams.get('slide')).toBe(web!.source);
  expect(link.searchParams.get('model')).toBe('colon');
  expect(appLink(testPlan, disk!)).toBeNull();
  expect(index).toContain('drop this file on it');
  const served = { ...testPlan, slidesUrl: 'https://example.org/slides' };
  const placed = (place: string): string | null => appLink(served, { ...disk!, place });
  expect(new URL(placed('x y/b.svs')!).searchParams.get('slide')).toBe(
    'https://example.org/slides/x%20y/b.svs',
  );
  expect(placed('../b.svs')).toBeNull();
  expect(placed('/data/b.svs')).toBeNull();
});

it('splits a large cohort into pages, unfinished slides first', async () => {
  const many = Array.from({ length: 1001 }, (_, i): CohortRow => {
    const row = i === 1000 ? rows[1]! : rows[0]!;
    return { ...row, id: `s-${i}`, name: `slide ${i}` };
  });
  const pages = await galleryPages(testPlan, many);
  expect([...pages.keys()]).toEqual(['index.html', 'page-2.html', 'page-3.html']);
  expect(pages.get('index.html')).toContain('slide 1000');
  expect(pages.get('page-3.html')!.match(/<li class="slide/g)).toHaveLength(1);
  expect(pages.get('page-2.html')).toContain('<a href="index.html">1</a><span aria-current="page">2</span>');
});

it('formats durations for reading', () => {
  expect([0.34, 9.96, 59.7, 185, 7260].map(elapsedTime)).toEqual([
    '0.3 s',
    '10.0 s',
    '1 min 0 s',
    '3 min 5 s',
    '2 h 1 min',
  ]);
});
