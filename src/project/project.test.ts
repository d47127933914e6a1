import { expect, it } from 'vitest';
import { initialSettings, isProjectText, parseProject, projectText } from './project.ts';
import type { Project } from './project.ts';
import { changeSlide } from './slide-change.ts';
import { fingerprintOf, resultOf, slideAt } from './testing/slides.ts';

const project: Project = {
  id: 'p1',
  title: 'Colon 2026',
  settings: initialSettings,
  slides: [
    slideAt('a.svs', {
      place: 0,
      fingerprint: fingerprintOf('a'),
      size: { width: 100, height: 50 },
      mpp: 0.25,
      caseNumber: '26/1234',
      notes: 'Second section, "cut" deeper; =1+1',
      reviewed: true,
      results: { alpha: resultOf() },
      disagreement: 0.125,
    }),
    slideAt('b/b.mrxs', {
      place: 1,
      queued: true,
      failure: { problem: 'Unreadable.', remedy: 'Copy it again.' },
    }),
  ],
};

it('reads back what it has written', () => {
  const text = projectText(project);
  expect(isProjectText(text.slice(0, 200))).toBe(true);
  expect(parseProject(text)).toEqual({ kind: 'project', project, dropped: 0 });
});

it('leaves out damaged slides and says how many, and keeps the rest', () => {
  const damaged = JSON.parse(projectText(project)) as { slides: Record<string, unknown>[] };
  damaged.slides[1]!.place = -1;
  damaged.slides.push({ ...damaged.slides[0] });
  const parsed = parseProject(JSON.stringify(damaged));
  expect(parsed).toMatchObject({ kind: 'project', dropped: 2 });
  expect(parsed.kind === 'project' && parsed.project.slides).toEqual([project.slides[0]]);
});

it('refuses what is no project, and projects of later versions, in a sentence', () => {
  for (const text of ['', 'null', '[]', '{"slides":[]}', '{"format":"dualscope-project","version":1}']) {
    expect(parseProject(text)).toMatchObject({ kind: 'unreadable' });
  }
  expect(parseProject('{"version":2}')).toEqual({
    kind: 'unreadable',
    problem: 'The project was saved by a later version of Dualscope.',
  });
  const vast = JSON.stringify({ ...JSON.parse(projectText(project)), slides: Array(10_001).fill({}) });
  expect(parseProject(vast)).toMatchObject({ kind: 'unreadable' });
});

it('drops results and review of a slide whose content has changed, and says so', () => {
  const [slide] = project.slides;
  const identity = { fingerprint: fingerprintOf('a'), size: { width: 100, height: 50 }, mpp: 0.25 };
  expect(changeSlide(slide!, { kind: 'identified', identity })).toBe(slide);
  const other = { ...identity, fingerprint: fingerprintOf('c') };
  expect(changeSlide(slide!, { kind: 'identified', identity: other })).toMatchObject({
    fingerprint: fingerprintOf('c'),
    results: {},
    reviewed: false,
    notes: slide!.notes,
    failure: { problem: expect.stringMatching(/has changed/) as string },
  });
});

it('takes a slide out of the queue when it fails, and forgets the failure with a result', () => {
  const queued = changeSlide(slideAt('a.svs'), { kind: 'queued', queued: true });
  const failed = changeSlide(queued, { kind: 'failed', failure: { problem: 'No.', remedy: '' } });
  expect([failed.queued, failed.failure?.problem]).toEqual([false, 'No.']);
  expect(changeSlide(failed, { kind: 'result', modelId: 'alpha', result: resultOf() }).failure).toBeNull();
});
